// FNV-1a, 64 bits: the fingerprint of an output in golden files.
//
//   std::uint64_t hash = Fnv1a(bytes);                       // Fnv1a(more, hash) goes on
//
// Not a cryptographic hash, because nobody is being kept out: whoever could forge an output could
// as well write its hash into the file. What has to be noticed is accident: a rounding, a tie, a
// race. An accident escapes once in 2^64, and these few lines are the same on every machine without
// a library. (G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake: RFC 9923, section 5.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace switchyard::kernels::gpu {

inline constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325U;

[[nodiscard]] inline std::uint64_t Fnv1a(std::span<const std::byte> bytes,
                                         std::uint64_t hash = kFnvBasis) {
  constexpr std::uint64_t kPrime = 0x100000001B3U;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * kPrime;
  return hash;
}

}  // namespace switchyard::kernels::gpu
