#include "sim/cli/checks.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace switchyard {

CLI::Validator NotEmpty() {
  return CLI::Validator(
      [](const std::string& text) { return std::string(text.empty() ? "must not be empty" : ""); },
      "");
}

CLI::Validator NotStandardOutput() {
  return CLI::Validator(
      [](const std::string& text) {
        return std::string(text == "-" ? "cannot go to standard output" : "");
      },
      "");
}

CLI::Validator Unsigned64() {
  return CLI::Validator(
      [](const std::string& text) -> std::string {
        std::uint64_t value = 0;
        const char* end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data(), end, value);
        if (error != std::errc() || rest != end || text != std::to_string(value)) {
          return "'" + text +
                 "' is no whole number from 0 to 18446744073709551615 without leading zeros";
        }
        return {};
      },
      "");
}

}  // namespace switchyard
