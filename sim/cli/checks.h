// What options accept beyond their type. A value that is refused is wrong usage (exit code 2).
#pragma once

#include <CLI/CLI.hpp>

namespace switchyard {

[[nodiscard]] CLI::Validator NotEmpty();
[[nodiscard]] CLI::Validator NotStandardOutput();
// Digits alone, at most 2^64 - 1: CLI11 itself lets -1 and larger numbers wrap around and takes 010
// as octal, so leading zeros are refused.
[[nodiscard]] CLI::Validator Unsigned64();

}  // namespace switchyard
