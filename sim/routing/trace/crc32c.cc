#include "sim/routing/trace/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace switchyard {
namespace {

constexpr std::uint32_t kReversedPolynomial = 0x82f63b78U;  // of 0x1edc6f41
constexpr std::size_t kSlices = 8;

using Table = std::array<std::uint32_t, 256>;

// tables[s][b]: what byte b adds when s bytes follow it (Kounavis and Berry, "Novel table
// lookup-based algorithms for high-performance CRC generation", IEEE Trans. Computers 2008).
constexpr std::array<Table, kSlices> MakeTables() {
  std::array<Table, kSlices> tables{};
  for (std::uint32_t b = 0; b < tables[0].size(); ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kReversedPolynomial : 0U);
    }
    tables[0][b] = crc;
  }
  for (std::size_t s = 1; s < kSlices; ++s) {
    for (std::size_t b = 0; b < tables[0].size(); ++b) {
      const std::uint32_t before = tables[s - 1][b];
      tables[s][b] = (before >> 8) ^ tables[0][before & 0xffU];
    }
  }
  return tables;
}
constexpr std::array<Table, kSlices> kTables = MakeTables();

}  // namespace

void Crc32c::Add(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::uint32_t crc = state_;
  for (; end - at >= static_cast<std::ptrdiff_t>(kSlices); at += kSlices) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));  // little-endian
    word ^= crc;
    crc = 0;
    for (std::size_t s = 0; s < kSlices; ++s) {
      crc ^= kTables[kSlices - 1 - s][word >> (8 * s) & 0xffU];
    }
  }
  for (; at != end; ++at) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<std::uint8_t>(*at)) & 0xffU];
  }
  state_ = crc;
}

}  // namespace switchyard
