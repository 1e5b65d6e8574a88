// What a case made, byte for byte, wherever it ran.
//
//   const Outcome host = RunOnHost(c, in);
//   if (!host.fault.empty()) …
//   std::string what = FirstDifference(host, device);        // "" when all bytes are the same
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/gpu/cases.h"
#include "kernels/gpu/inputs.h"

namespace switchyard::kernels::gpu {

struct NamedBytes {
  std::string name;
  std::vector<std::byte> bytes;
};

struct Outcome {
  std::vector<NamedBytes> arrays;
  std::string fault;  // a call that failed, a write behind an array; empty: none
};

// Of names, sizes and bytes.
[[nodiscard]] std::uint64_t HashOf(const Outcome& outcome);
// Which array differs first, and where.
[[nodiscard]] std::string FirstDifference(const Outcome& want, const Outcome& have);

// Whether outputs and workspace are filled with 0xDD before, and followed by bytes that must
// survive. Without: as a user's arrays are, for compute-sanitizer, which could neither see a read
// behind an array nor one of bytes that nobody wrote.
enum class Guard : std::uint8_t { kPoisonAndCanaries, kNone };

[[nodiscard]] Outcome RunOnHost(const Case& c, const Inputs& in);
// Built without CUDA: a fault. Ask FindDevice() first.
[[nodiscard]] Outcome RunOnDevice(const Case& c, const Inputs& in, Guard guard);
// Of the runtime this program was linked with, e.g. "13.0"; "none".
[[nodiscard]] std::string CudaVersion();

}  // namespace switchyard::kernels::gpu
