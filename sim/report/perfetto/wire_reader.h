// Protobuf's wire format, reading half: strict, over bytes that may be anything.
//
//   WireReader reader(bytes);
//   while (reader.Next()) {
//     if (reader.field() == 8) time = reader.Uint();
//     else reader.Unknown("TracePacket");
//   }
//   if (!reader.error().empty()) ...
//
// Contract: exactly one value is taken after each Next(). The first error ends the reading and
// stays; values read after it are zero or empty. Never reads beyond the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::perfetto {

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  // The next field; false at the end and after an error.
  bool Next();
  [[nodiscard]] std::uint32_t field() const { return field_; }

  // The field's value, which must be of that type.
  std::uint64_t Uint();
  std::uint64_t Fixed64();
  double Double();
  std::string_view Bytes();

  void Unknown(std::string_view message_name);
  void Fail(std::string error);
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  [[nodiscard]] bool Expect(std::uint64_t type);
  std::uint64_t Varint();

  std::string_view rest_;
  std::uint32_t field_ = 0;
  std::uint64_t type_ = 0;
  std::string error_;
};

}  // namespace switchyard::perfetto
