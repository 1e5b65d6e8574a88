#include "kernels/recorder/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace switchyard::kernels {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 4'000'000;  // the format's own limit is 100 MB
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;
constexpr std::size_t kMaxDimensions = 8;
constexpr std::size_t kMaxTensors = 65536;
constexpr std::size_t kMaxDepth = 3;  // the header, a tensor, its shape

// Bytes of an element; 0: a type that the format does not have.
std::uint64_t ElementBytes(std::string_view dtype) {
  struct Type {
    std::string_view name;
    std::uint64_t bytes;
  };
  static constexpr Type kTypes[] = {{"BOOL", 1},    {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1},
                                    {"F8_E5M2", 1}, {"U16", 2}, {"I16", 2}, {"F16", 2},
                                    {"BF16", 2},    {"U32", 4}, {"I32", 4}, {"F32", 4},
                                    {"U64", 8},     {"I64", 8}, {"F64", 8}};
  const auto* const found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                         [&](const Type& type) { return type.name == dtype; });
  return found == std::end(kTypes) ? 0 : found->bytes;
}

// A list of whole numbers that are not negative.
std::optional<std::vector<std::uint64_t>> Numbers(const Json& json) {
  if (!json.is_array()) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const Json& item : json) {
    if (!item.is_number_unsigned()) return std::nullopt;
    numbers.push_back(item.get<std::uint64_t>());
  }
  return numbers;
}

std::optional<std::uint64_t> Elements(const std::vector<std::uint64_t>& shape) {
  std::uint64_t product = 1;
  for (const std::uint64_t extent : shape) {
    if (extent != 0 && product > kMaxElements / extent) return std::nullopt;
    product *= extent;
  }
  return product;
}

// What is wrong with a tensor's entry, or "" and the tensor.
std::string ParseTensor(const Json& entry, std::string_view data, Tensor& tensor,
                        std::pair<std::uint64_t, std::uint64_t>& place) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) {
    return "no dtype";
  }
  tensor.dtype = entry["dtype"].get<std::string>();
  const std::uint64_t element = ElementBytes(tensor.dtype);
  if (element == 0) return fmt::format("unknown dtype '{}'", tensor.dtype);
  auto shape = entry.contains("shape") ? Numbers(entry["shape"]) : std::nullopt;
  if (!shape || shape->size() > kMaxDimensions) return "no shape of at most 8 whole numbers";
  const auto places =
      entry.contains("data_offsets") ? Numbers(entry["data_offsets"]) : std::nullopt;
  if (!places || places->size() != 2) return "no data_offsets of two whole numbers";
  place = {(*places)[0], (*places)[1]};
  if (place.first > place.second || place.second > data.size()) {
    return fmt::format("data_offsets {} to {} lie outside the file's {} bytes of data", place.first,
                       place.second, data.size());
  }
  const auto elements = Elements(*shape);
  if (!elements || *elements * element != place.second - place.first) {
    return fmt::format("{} bytes of data are not what its shape and {} need",
                       place.second - place.first, tensor.dtype);
  }
  tensor.shape = std::move(*shape);
  tensor.data = data.substr(place.first, place.second - place.first);
  return "";
}

// The tensors' places must cover the data without gap or overlap, as the format demands.
bool Covers(std::vector<std::pair<std::uint64_t, std::uint64_t>> places, std::uint64_t size) {
  std::sort(places.begin(), places.end());
  std::uint64_t end = 0;
  for (const auto& [first, last] : places) {
    if (first != end) return false;
    end = last;
  }
  return end == size;
}

// Whether brackets nest deeper than a header's, strings aside: a megabyte of brackets would become
// a hundred of tree.
bool TooDeep(std::string_view json) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') in_string = !in_string;
    if (c == '\\' && in_string) ++i;
    if (in_string) continue;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && depth > 0) --depth;
    if (depth > kMaxDepth) return true;
  }
  return false;
}

std::string ParseMetadata(const Json& json, std::map<std::string, std::string>& metadata) {
  if (!json.is_object()) return "is not an object";
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return fmt::format("'{}' is not a string", key);
    metadata[key] = value.get<std::string>();
  }
  return "";
}

Result<Safetensors> ParseHeader(const Json& header, std::string_view data,
                                const std::string& file) {
  Safetensors result;
  Diagnostics errors;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
  if (header.size() > kMaxTensors) return FileError(file, "more than 65,536 tensors");
  for (const auto& [name, entry] : header.items()) {
    std::string wrong;
    if (name == "__metadata__") {
      wrong = ParseMetadata(entry, result.metadata);
    } else {
      places.emplace_back();
      wrong = ParseTensor(entry, data, result.tensors[name], places.back());
    }
    if (!wrong.empty())
      errors.push_back(FileError(file, fmt::format("tensor '{}': {}", name, wrong)));
  }
  if (errors.empty() && !Covers(std::move(places), data.size())) {
    errors.push_back(FileError(file, "the tensors overlap or leave gaps in the data"));
  }
  if (!errors.empty()) return errors;
  return result;
}

}  // namespace

Result<Safetensors> ParseSafetensors(std::string_view bytes, const std::string& file) {
  if (bytes.size() < kLengthBytes) return FileError(file, "not a .safetensors file: too short");
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i > 0; --i) {
    length = length << 8U | static_cast<unsigned char>(bytes[i - 1]);
  }
  bytes.remove_prefix(kLengthBytes);
  if (length > kMaxHeaderBytes || length > bytes.size()) {
    return FileError(file,
                     fmt::format("not a .safetensors file: its header would have {} bytes; at "
                                 "most 4,000,000, and no more than the file has",
                                 length));
  }
  if (TooDeep(bytes.substr(0, length))) return FileError(file, "its header nests too deeply");
  const Json header = Json::parse(bytes.substr(0, length), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) return FileError(file, "its header is not a JSON object");
  return ParseHeader(header, bytes.substr(length), file);
}

}  // namespace switchyard::kernels
