#include "sim/routing/trace/npy.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/base/int128.h"
#include "sim/routing/trace/half.h"

namespace switchyard {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are read in place");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 65535;  // what version 1.0 can express
constexpr std::size_t kMaxDims = 8;
constexpr std::size_t kAlignment = 64;  // NumPy pads the header to it

struct TypeEntry {
  NpyType type;
  std::string_view descr;
  std::size_t size;
};
constexpr TypeEntry kTypes[] = {
    {NpyType::kU1, "|u1", 1}, {NpyType::kU2, "<u2", 2}, {NpyType::kI4, "<i4", 4},
    {NpyType::kI8, "<i8", 8}, {NpyType::kF2, "<f2", 2}, {NpyType::kF4, "<f4", 4},
    {NpyType::kI2, "<i2", 2}, {NpyType::kF8, "<f8", 8},
};

const TypeEntry& Entry(NpyType type) { return kTypes[static_cast<std::size_t>(type)]; }

// The header is a Python dictionary literal; only the form that NumPy writes is understood.
struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> shape;
};

class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  // Empty on success, else what is wrong.
  std::string Parse(Header& header) {
    if (!Take('{')) return "does not start with '{'";
    while (!Take('}')) {
      const std::optional<std::string> key = String();
      if (!key || !Take(':')) return "is not a dictionary of the form {'key': value, ...}";
      const std::string error = Value(*key, header);
      if (!error.empty()) return error;
      if (!Take(',') && Peek() != '}') return "misses a ',' between its entries";
    }
    SkipSpaces();
    if (at_ != text_.size()) return "goes on after its '}'";
    if (!header.descr || !header.fortran_order || !header.shape) {
      return "misses one of 'descr', 'fortran_order', 'shape'";
    }
    return "";
  }

 private:
  std::string Value(const std::string& key, Header& header) {
    if (key == "descr" && !header.descr) {
      if (Peek() == '[')
        return "describes a structured type; allowed: u1, u2, i2, i4, i8, f2, f4, f8";
      header.descr = String();
      return header.descr ? "" : "has a 'descr' that is not a string";
    }
    if (key == "fortran_order" && !header.fortran_order) {
      if (Word("False")) {
        header.fortran_order = false;
      } else if (Word("True")) {
        header.fortran_order = true;
      } else {
        return "has a 'fortran_order' that is neither True nor False";
      }
      return "";
    }
    if (key == "shape" && !header.shape) {
      header.shape = Tuple();
      return header.shape ? "" : "has a 'shape' that is not a tuple of at most 8 integers";
    }
    return "has an unknown or repeated key";
  }

  void SkipSpaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  char Peek() {
    SkipSpaces();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool Word(std::string_view word) {
    SkipSpaces();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string> String() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  std::optional<std::uint64_t> Integer() {
    constexpr std::size_t kMaxDigits = 18;  // below 2^63
    SkipSpaces();
    std::uint64_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (at_ - begin == kMaxDigits) return std::nullopt;
      value = value * 10 + static_cast<std::uint64_t>(text_[at_] - '0');
    }
    return at_ == begin ? std::nullopt : std::optional(value);
  }
  std::optional<std::vector<std::uint64_t>> Tuple() {
    if (!Take('(')) return std::nullopt;
    std::vector<std::uint64_t> items;
    while (!Take(')')) {
      const auto item = Integer();
      if (!item || items.size() == kMaxDims) return std::nullopt;
      items.push_back(*item);
      if (!Take(',') && Peek() != ')') return std::nullopt;
    }
    return items;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// Splits off the header's text; empty error on success.
std::string SplitHeader(std::string_view& bytes, std::string_view& header) {
  constexpr std::size_t kVersionBytes = 2;
  if (bytes.substr(0, kMagic.size()) != kMagic) return "is not a .npy file (no \\x93NUMPY)";
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < kVersionBytes) return "ends inside its header";
  const int major = static_cast<unsigned char>(bytes[0]);
  const int minor = static_cast<unsigned char>(bytes[1]);
  if ((major != 1 && major != 2) || minor != 0) {
    return fmt::format("has format version {}.{}; allowed: 1.0, 2.0", major, minor);
  }
  bytes.remove_prefix(kVersionBytes);
  const std::size_t width = major == 1 ? 2 : 4;
  if (bytes.size() < width) return "ends inside its header";
  std::size_t length = 0;
  std::memcpy(&length, bytes.data(), width);
  bytes.remove_prefix(width);
  if (length > kMaxHeader) {
    return fmt::format("has a header of {} bytes; at most {} are read", length, kMaxHeader);
  }
  if (length > bytes.size()) return "ends inside its header";
  header = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return "";
}

std::string SetType(std::string_view descr, NpyArray& array) {
  for (const TypeEntry& entry : kTypes) {
    if (descr != entry.descr) continue;
    array.type = entry.type;
    return "";
  }
  if (!descr.empty() && descr[0] == '>') {
    return fmt::format("is big-endian ('{}'); only little-endian arrays are read", descr);
  }
  if (descr.find('O') != std::string_view::npos) {
    return fmt::format("holds pickled Python objects ('{}'); they are never loaded", descr);
  }
  return fmt::format("has type '{}'; allowed: |u1, <u2, <i2, <i4, <i8, <f2, <f4, <f8", descr);
}

std::string CheckSize(const NpyArray& array, std::size_t found) {
  Uint128 expected = ItemSize(array.type);
  for (const std::uint64_t n : array.shape) {
    expected *= n;
    if (expected > (std::uint64_t{1} << 62)) return "has a shape too large for any file";
  }
  if (expected == found) return "";
  return fmt::format("has {} bytes of data where its shape needs {}", found,
                     static_cast<std::uint64_t>(expected));
}

}  // namespace

std::string_view Descr(NpyType type) { return Entry(type).descr; }
std::size_t ItemSize(NpyType type) { return Entry(type).size; }
bool IsFloat(NpyType type) {
  return type == NpyType::kF2 || type == NpyType::kF4 || type == NpyType::kF8;
}

std::int64_t NpyArray::Integer(std::size_t i) const {
  const auto load = [&](auto value) {
    std::memcpy(&value, data.data() + i * sizeof(value), sizeof(value));
    return static_cast<std::int64_t>(value);
  };
  switch (type) {
    case NpyType::kU1:
      return load(std::uint8_t{});
    case NpyType::kU2:
      return load(std::uint16_t{});
    case NpyType::kI2:
      return load(std::int16_t{});
    case NpyType::kI4:
      return load(std::int32_t{});
    case NpyType::kI8:
      return load(std::int64_t{});
    case NpyType::kF2:
    case NpyType::kF4:
    case NpyType::kF8:
      break;
  }
  SWITCHYARD_CHECK(false, "only integer arrays hold integers");
  return 0;
}

double NpyArray::Number(std::size_t i) const {
  if (!IsFloat(type)) return static_cast<double>(Integer(i));
  const auto load = [&](auto value) {
    std::memcpy(&value, data.data() + i * sizeof(value), sizeof(value));
    return value;
  };
  if (type == NpyType::kF2) return HalfToFloat(load(std::uint16_t{}));
  return type == NpyType::kF4 ? load(float{}) : load(double{});
}

namespace {

// The array without its data, which is left in `bytes`.
Result<NpyArray> ParseHeader(std::string_view& bytes, const std::string& file) {
  std::string_view text;
  std::string error = SplitHeader(bytes, text);
  if (!error.empty()) return FileError(file, std::move(error));
  Header header;
  error = HeaderParser(text).Parse(header);
  if (!error.empty()) return FileError(file, "its .npy header " + error);
  NpyArray array;
  error = SetType(*header.descr, array);
  if (error.empty() && *header.fortran_order) {
    error = "is in Fortran order; save it with numpy.ascontiguousarray";
  }
  array.shape = *header.shape;
  if (error.empty()) error = CheckSize(array, bytes.size());
  if (!error.empty()) return FileError(file, std::move(error));
  return array;
}

}  // namespace

Result<NpyArray> ParseNpy(std::string_view bytes, const std::string& file) {
  Result<NpyArray> array = ParseHeader(bytes, file);
  if (array.ok()) array.value().data.assign(bytes);
  return array;
}

Result<std::vector<std::uint64_t>> NpyShape(std::string_view bytes, const std::string& file) {
  Result<NpyArray> array = ParseHeader(bytes, file);
  if (!array.ok()) return array.errors();
  return std::move(array.value().shape);
}

Result<NpyArray> ReadNpy(const std::filesystem::path& path, std::size_t max_bytes) {
  Result<std::string> bytes = ReadFile(path, max_bytes);
  if (!bytes.ok()) return bytes.errors();
  return ParseNpy(bytes.value(), path.string());
}

std::string FormatNpy(const NpyArray& array) {
  std::string shape;
  for (const std::uint64_t n : array.shape) {
    shape += (shape.empty() ? "" : " ") + std::to_string(n) + ",";
  }
  if (array.shape.size() > 1) shape.pop_back();  // "(2, 3)", but "(2,)"
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   Descr(array.type), shape);
  const std::size_t prefix = kMagic.size() + 4;  // magic, version, length
  header.append((kAlignment - (prefix + header.size() + 1) % kAlignment) % kAlignment, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string bytes(kMagic);
  bytes.append("\x01\x00", 2);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  return bytes + header + array.data;
}

}  // namespace switchyard
