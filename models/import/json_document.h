// A JSON text as a tree that knows where each key stands, read within fixed limits.
//
//   Result<JsonValue> root = ParseJson(text, "config.json");
//   // config.json:3:14: error: syntax error while parsing value ...
//
// Refused: texts above kMaxJsonBytes, nesting deeper than kMaxJsonDepth, more than kMaxJsonValues
// values, an object with the same key twice. No recursion in the parser, and limits are checked
// before memory is taken, so any bytes may be given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

inline constexpr std::size_t kMaxJsonBytes = 8 << 20;  // published configs: below 100 KB
inline constexpr std::size_t kMaxJsonDepth = 64;       // published configs: below 10
inline constexpr std::size_t kMaxJsonValues = 200'000;

struct JsonMember;
struct JsonValue;
using JsonArray = std::vector<JsonValue>;
using JsonObject = std::vector<JsonMember>;  // in the order of the text, keys distinct

struct JsonValue {
  // Whole numbers are std::int64_t where they fit, any other number is a double.
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, JsonArray, JsonObject> data;
};

struct JsonMember {
  std::string key;
  int line = 0;  // of the key, from 1
  int column = 0;
  JsonValue value;
};

[[nodiscard]] Result<JsonValue> ParseJson(std::string_view text, const std::string& file);

// The member, or nullptr.
[[nodiscard]] const JsonMember* FindMember(const JsonObject& object, std::string_view key);

// Text out of a file as a message may show it: the first 40 bytes, control characters as '?'.
[[nodiscard]] std::string Printable(std::string_view text);

// What a value is, for messages: "a number", "text \"8\"", "null", ...
[[nodiscard]] std::string Describe(const JsonValue& value);

}  // namespace switchyard
