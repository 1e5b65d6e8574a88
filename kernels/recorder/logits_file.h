// Router logits that somebody recorded, from a file: the input of `switchyard trace record`.
//
// .npy          [tokens, experts] of one layer, or [tokens, layers, experts]; f2 or f4. What it
// cannot say comes from
//               files beside it (LogitsFileOptions).
// .safetensors  logits.<L> [tokens, experts] F32, F16 or BF16, L the layer's index among all layers
// of the model;
//               optional bias.<L> [experts] F32, sequence_lengths [sequences] I32 or I64, token_ids
//               [tokens] I32, domains [sequences] U8; metadata, all optional: model_name, corpus,
//               domain_names (a,b,c), seed, and anything else, which becomes a note of the trace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard::kernels {

enum class LogitType : std::uint8_t { kF32, kF16, kBf16 };

struct LogitsLayer {
  std::uint32_t layer_id = 0;
  std::size_t offset = 0;   // of token 0's first logit in Logits::bytes
  std::vector<float> bias;  // [experts], or empty
};

// The file in memory, in the types of the file.
struct Logits {
  std::string bytes;
  LogitType type = LogitType::kF32;
  std::uint64_t tokens = 0;
  std::uint32_t experts = 0;
  std::uint64_t row_bytes = 0;      // from a token's logits to the next token's, in one layer
  std::vector<LogitsLayer> layers;  // ascending layer_id
  // Tokens are sequence after sequence. All of them one sequence when nothing was said.
  std::vector<std::uint32_t> sequence_lengths;
  std::vector<std::uint8_t> domains;     // [sequences] or empty
  std::vector<std::uint32_t> token_ids;  // [tokens] or empty
  std::map<std::string, std::string> metadata;

  // `count` rows of a layer from `first` on, as floats (exact), into out [count, experts].
  void Read(std::size_t layer, std::uint64_t first, std::uint32_t count, float* out) const;
};

// Companions of a .npy file; empty paths: none.
struct LogitsFileOptions {
  std::filesystem::path sequence_lengths;  // .npy, integers
  std::filesystem::path bias;              // .npy, f4 [layers, experts] or [experts]
  std::uint32_t first_layer = 0;           // layer_id of the first layer
  std::size_t max_bytes = std::size_t{8} << 30;
};

// The extension says which. Errors, as many as can be found at once: shapes that do not fit each
// other, types other than the above, lengths that do not sum to the tokens.
[[nodiscard]] Result<Logits> LoadLogits(const std::filesystem::path& path,
                                        const LogitsFileOptions& options = {});
// A .safetensors file's bytes.
[[nodiscard]] Result<Logits> ParseLogits(std::string bytes, const std::string& file);

}  // namespace switchyard::kernels
