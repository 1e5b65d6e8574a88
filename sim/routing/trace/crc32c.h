// CRC-32C (Castagnoli, IEEE Trans. Commun. 1993; RFC 3720 appendix B.4), eight bytes at a time.
//
//   Crc32c crc;
//   crc.Add("123456789");
//   crc.value();  // 0xe3069283
#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard {

class Crc32c {
 public:
  void Add(std::string_view bytes);
  // Of all bytes added so far.
  [[nodiscard]] std::uint32_t value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffffU;
};

}  // namespace switchyard
