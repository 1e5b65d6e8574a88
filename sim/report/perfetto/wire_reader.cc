#include "sim/report/perfetto/wire_reader.h"

#include <bit>
#include <utility>

namespace switchyard::perfetto {
namespace {

constexpr std::uint64_t kVarintType = 0;
constexpr std::uint64_t kFixed64Type = 1;
constexpr std::uint64_t kDelimitedType = 2;
constexpr std::uint64_t kTypeMask = 7;
constexpr int kTypeBits = 3;
constexpr std::uint64_t kMaxField = (1U << 29) - 1;

}  // namespace

bool WireReader::Next() {
  if (rest_.empty() || !error_.empty()) return false;
  const std::uint64_t tag = Varint();
  const std::uint64_t field = tag >> kTypeBits;
  type_ = tag & kTypeMask;
  if (error_.empty() && (field == 0 || field > kMaxField)) Fail("field number out of range");
  field_ = static_cast<std::uint32_t>(field);
  return error_.empty();
}

std::uint64_t WireReader::Varint() {
  constexpr int kBits = 7;
  constexpr int kLastShift = 63;
  constexpr std::uint64_t kMore = 0x80;
  std::uint64_t value = 0;
  for (int shift = 0; shift <= kLastShift; shift += kBits) {
    if (rest_.empty()) {
      Fail("ends within a number");
      return 0;
    }
    const std::uint64_t byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == kLastShift && byte > 1) break;
    value |= (byte & (kMore - 1)) << shift;
    if (byte < kMore) return value;
  }
  Fail("number of more than 64 bits");
  return 0;
}

bool WireReader::Expect(std::uint64_t type) {
  if (error_.empty() && type_ != type) {
    Fail("field " + std::to_string(field_) + " has wire type " + std::to_string(type_) + " not " +
         std::to_string(type));
  }
  return error_.empty();
}

std::uint64_t WireReader::Uint() { return Expect(kVarintType) ? Varint() : 0; }

std::uint64_t WireReader::Fixed64() {
  constexpr std::size_t kBytes = 8;
  if (!Expect(kFixed64Type)) return 0;
  if (rest_.size() < kBytes) {
    Fail("ends within a 64-bit number");
    return 0;
  }
  std::uint64_t value = 0;
  for (std::size_t i = kBytes; i > 0; --i)
    value = value << 8 | static_cast<unsigned char>(rest_[i - 1]);
  rest_.remove_prefix(kBytes);
  return value;
}

double WireReader::Double() { return std::bit_cast<double>(Fixed64()); }

std::string_view WireReader::Bytes() {
  const std::uint64_t size = Expect(kDelimitedType) ? Varint() : 0;
  if (size > rest_.size()) Fail("ends within a string or message");
  if (!error_.empty()) return {};
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

void WireReader::Unknown(std::string_view message_name) {
  Fail("unexpected field " + std::to_string(field_) + " in " + std::string(message_name));
}

void WireReader::Fail(std::string error) {
  if (error_.empty()) error_ = std::move(error);
}

}  // namespace switchyard::perfetto
