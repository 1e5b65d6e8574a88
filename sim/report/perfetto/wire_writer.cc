#include "sim/report/perfetto/wire_writer.h"

#include <bit>

namespace switchyard::perfetto {
namespace {

enum WireType : std::uint64_t { kVarint = 0, kFixed64 = 1, kDelimited = 2 };
constexpr int kTypeBits = 3;

constexpr std::uint64_t Tag(std::uint32_t field, WireType type) {
  return std::uint64_t{field} << kTypeBits | type;
}

}  // namespace

void WireMessage::Varint(std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7) bytes_ += static_cast<char>((value & (kMore - 1)) | kMore);
  bytes_ += static_cast<char>(value);
}

void WireMessage::Uint(std::uint32_t field, std::uint64_t value) {
  Varint(Tag(field, kVarint));
  Varint(value);
}

void WireMessage::Int(std::uint32_t field, std::int64_t value) {
  Uint(field, static_cast<std::uint64_t>(value));
}

void WireMessage::Fixed64(std::uint32_t field, std::uint64_t value) {
  constexpr int kBytes = 8;
  constexpr std::uint64_t kByteMask = 0xff;
  Varint(Tag(field, kFixed64));
  for (int i = 0; i < kBytes; ++i) bytes_ += static_cast<char>(value >> (kBytes * i) & kByteMask);
}

void WireMessage::Double(std::uint32_t field, double value) {
  Fixed64(field, std::bit_cast<std::uint64_t>(value));
}

void WireMessage::Text(std::uint32_t field, std::string_view value) {
  Varint(Tag(field, kDelimited));
  Varint(value.size());
  bytes_ += value;
}

void WireMessage::Message(std::uint32_t field, const WireMessage& value) {
  Text(field, value.bytes());
}

}  // namespace switchyard::perfetto
