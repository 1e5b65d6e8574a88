// Protobuf's wire format, writing half: one message as a growing string of fields.
//
//   WireMessage m;  m.Uint(1, 300);  m.Text(2, "GPU 0");  m.bytes();
//
// Specified in protobuf.dev/programming-guides/encoding. Fields appear in the order of the calls; a
// message keeps its memory over Clear(), so that writing millions of events allocates nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace switchyard::perfetto {

class WireMessage {
 public:
  void Uint(std::uint32_t field, std::uint64_t value);  // uint32/64, bool, enum
  void Int(std::uint32_t field, std::int64_t value);  // int32/64: two's complement, 10 bytes if < 0
  void Fixed64(std::uint32_t field, std::uint64_t value);
  void Double(std::uint32_t field, double value);
  void Text(std::uint32_t field, std::string_view value);  // string, bytes
  void Message(std::uint32_t field, const WireMessage& value);

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  void Varint(std::uint64_t value);

  std::string bytes_;
};

}  // namespace switchyard::perfetto
