// NumPy's .npy files, as far as router traces need them.
//
//   Result<NpyArray> ids = ReadNpy("law.topk_ids.npy", 1 << 30);
//
// Read: format versions 1.0 and 2.0, C order, little-endian u1, u2, i2, i4, i8, f2, f4, f8.
// Refused, with the reason: Fortran order, big-endian, Python objects (pickles), structured and
// other types, and any file whose size is not exactly what its shape says. Written: version 1.0 as
// NumPy writes it (header padded to 64 bytes), so a file written by NumPy comes back byte for byte.
// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

enum class NpyType : std::uint8_t { kU1, kU2, kI4, kI8, kF2, kF4, kI2, kF8 };

// "|u1", "<u2", ...
[[nodiscard]] std::string_view Descr(NpyType type);
[[nodiscard]] std::size_t ItemSize(NpyType type);
[[nodiscard]] bool IsFloat(NpyType type);  // f2, f4, f8

struct NpyArray {
  NpyType type = NpyType::kU1;
  std::vector<std::uint64_t> shape;
  std::string data;  // little-endian, C order

  [[nodiscard]] std::uint64_t size() const { return data.size() / ItemSize(type); }
  // Element i of an integer array (u1, u2, i2, i4, i8).
  [[nodiscard]] std::int64_t Integer(std::size_t i) const;
  // Element i of any array; integers beyond 2^53 are rounded.
  [[nodiscard]] double Number(std::size_t i) const;
};

// `file` names the bytes in messages.
[[nodiscard]] Result<NpyArray> ParseNpy(std::string_view bytes, const std::string& file);
// Its shape alone, without a copy of its data; the same errors.
[[nodiscard]] Result<std::vector<std::uint64_t>> NpyShape(std::string_view bytes,
                                                          const std::string& file);
[[nodiscard]] Result<NpyArray> ReadNpy(const std::filesystem::path& path, std::size_t max_bytes);
[[nodiscard]] std::string FormatNpy(const NpyArray& array);

}  // namespace switchyard
