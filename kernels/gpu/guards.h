// Poison in arrays that a call must write, and canaries behind them that it must not.
//
//   std::vector<std::byte> bytes = Guarded(n);               // n of 0xDD, then the canary
//   std::string fault = StripCanary("slot", bytes);          // "" and n bytes, or what happened
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace switchyard::kernels::gpu {

inline constexpr std::byte kPoison{0xDD};
inline constexpr std::byte kCanary{0xA5};
inline constexpr std::size_t kCanaryBytes = 4096;

[[nodiscard]] inline std::vector<std::byte> Guarded(std::size_t size) {
  std::vector<std::byte> bytes(size + kCanaryBytes, kPoison);
  std::fill(bytes.end() - kCanaryBytes, bytes.end(), kCanary);
  return bytes;
}

[[nodiscard]] inline std::string StripCanary(const std::string& name,
                                             std::vector<std::byte>& bytes) {
  const auto canary = bytes.end() - kCanaryBytes;
  const auto hit = std::find_if(canary, bytes.end(), [](std::byte b) { return b != kCanary; });
  const auto behind = hit - canary;
  const bool intact = hit == bytes.end();
  bytes.erase(canary, bytes.end());
  if (intact) return {};
  return name + ": written " + std::to_string(behind) + " bytes behind its end; ";
}

}  // namespace switchyard::kernels::gpu
