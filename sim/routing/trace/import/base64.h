// Base64 (RFC 4648, section 4) into bytes.
//
//   std::optional<std::string> bytes = DecodeBase64("AQAAAA==");   // 01 00 00 00
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

// Absent when the text is not padded base64: another character, a wrong length, bits left over.
[[nodiscard]] std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace switchyard
