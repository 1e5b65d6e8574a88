// Limits that the readers of logits share.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/recorder/logits_file.h"

namespace switchyard::kernels {

inline constexpr std::uint64_t kMaxLogitTokens = (std::uint64_t{1} << 31U) - 1;
inline constexpr std::uint64_t kMaxLogitLayers = 4096;

struct LogitsShape {
  std::uint64_t tokens = 0;
  std::uint64_t layers = 0;
  std::uint64_t experts = 0;
};

// What is wrong, or "".
[[nodiscard]] std::string CheckShape(const LogitsShape& shape);
// Whether sequence_lengths sum to the tokens.
[[nodiscard]] std::string CheckLengths(const Logits& logits);

}  // namespace switchyard::kernels
