// Tensors from a .safetensors file: eight bytes of length, a JSON header of names, types, shapes
// and places, then the data (github.com/huggingface/safetensors, README, "Format"). Nothing in such
// a file is executed.
//
//   Result<std::string> bytes = ReadFile("logits.safetensors", kMaxBytes);
//   Result<Safetensors> file = ParseSafetensors(bytes.value(), "logits.safetensors");
//   file.value().tensors.at("logits.1").shape;
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard::kernels {

struct Tensor {
  std::string dtype;  // F32, BF16, I32, … as in the file
  std::vector<std::uint64_t> shape;
  std::string_view data;  // little-endian, row-major; a view of the parsed bytes
};

struct Safetensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"
};

// `bytes` outlives the result. Errors, all at once: no JSON, a place outside the file, a size that
// is not what type and shape say, data that overlaps or leaves gaps.
[[nodiscard]] Result<Safetensors> ParseSafetensors(std::string_view bytes, const std::string& file);

}  // namespace switchyard::kernels
