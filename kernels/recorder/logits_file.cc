#include "kernels/recorder/logits_file.h"

#include <fmt/format.h>

#include <cstring>
#include <numeric>
#include <utility>

#include "kernels/recorder/logits_checks.h"
#include "kernels/route_spec.h"
#include "sim/base/file.h"
#include "sim/routing/trace/half.h"
#include "sim/routing/trace/npy.h"

namespace switchyard::kernels {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::uint32_t>> ReadLengths(const fs::path& path, std::size_t max_bytes) {
  const Result<NpyArray> array = ReadNpy(path, max_bytes);
  if (!array.ok()) return array.errors();
  const NpyType type = array.value().type;
  if (IsFloat(type)) {
    return FileError(path.string(), "sequence lengths are integers");
  }
  std::vector<std::uint32_t> lengths;
  for (std::size_t i = 0; i < array.value().size(); ++i) {
    const std::int64_t length = array.value().Integer(i);
    if (length < 0 || length > INT32_MAX) {
      return FileError(path.string(), fmt::format("sequence {} has length {}", i, length));
    }
    lengths.push_back(static_cast<std::uint32_t>(length));
  }
  return lengths;
}

Result<void> TakeBias(const LogitsFileOptions& options, Logits& logits) {
  const Result<NpyArray> read = ReadNpy(options.bias, options.max_bytes);
  if (!read.ok()) return read.errors();
  const NpyArray& bias = read.value();
  const std::size_t layers = logits.layers.size();
  const std::size_t row = std::size_t{logits.experts} * sizeof(float);
  if (bias.type != NpyType::kF4 || bias.shape.empty() || bias.shape.back() != logits.experts ||
      (bias.data.size() != row * layers && bias.data.size() != row)) {
    return FileError(options.bias.string(),
                     fmt::format("a bias is f4 [{}, {}] (layers, experts) or [{}]", layers,
                                 logits.experts, logits.experts));
  }
  for (std::size_t l = 0; l < layers; ++l) {
    const std::size_t at = bias.data.size() == row ? 0 : l * row;
    logits.layers[l].bias.resize(logits.experts);
    std::memcpy(logits.layers[l].bias.data(), bias.data.data() + at, row);
  }
  return {};
}

Result<Logits> LoadNpy(const fs::path& path, const LogitsFileOptions& options) {
  Result<NpyArray> read = ReadNpy(path, options.max_bytes);
  if (!read.ok()) return read.errors();
  NpyArray& array = read.value();
  const std::size_t rank = array.shape.size();
  if ((array.type != NpyType::kF2 && array.type != NpyType::kF4) || rank < 2 || rank > 3) {
    return FileError(
        path.string(),
        fmt::format("logits are f2 or f4 [tokens, experts] or [tokens, layers, experts]; "
                    "found {} with {} dimensions",
                    Descr(array.type), rank));
  }
  const std::uint64_t layers = rank == 3 ? array.shape[1] : 1;
  if (const std::string wrong = CheckShape({array.shape[0], layers, array.shape.back()});
      !wrong.empty()) {
    return FileError(path.string(), wrong);
  }
  Logits logits;
  logits.type = array.type == NpyType::kF2 ? LogitType::kF16 : LogitType::kF32;
  logits.tokens = array.shape[0];
  logits.experts = static_cast<std::uint32_t>(array.shape.back());
  const std::size_t layer_bytes = logits.experts * ItemSize(array.type);
  logits.row_bytes = layer_bytes * layers;
  for (std::uint32_t l = 0; l < layers; ++l) {
    logits.layers.push_back({options.first_layer + l, l * layer_bytes, {}});
  }
  logits.bytes = std::move(array.data);
  logits.sequence_lengths = {static_cast<std::uint32_t>(logits.tokens)};
  return logits;
}

Result<Logits> WithCompanions(Logits logits, const LogitsFileOptions& options) {
  Diagnostics errors;
  if (!options.sequence_lengths.empty()) {
    Result<std::vector<std::uint32_t>> lengths =
        ReadLengths(options.sequence_lengths, options.max_bytes);
    if (lengths.ok()) {
      logits.sequence_lengths = std::move(lengths).value();
      if (const std::string wrong = CheckLengths(logits); !wrong.empty()) {
        errors.push_back(FileError(options.sequence_lengths.string(), wrong));
      }
    } else {
      errors = lengths.errors();
    }
  }
  if (!options.bias.empty()) {
    if (const Result<void> taken = TakeBias(options, logits); !taken.ok()) {
      errors.insert(errors.end(), taken.errors().begin(), taken.errors().end());
    }
  }
  if (!errors.empty()) return errors;
  return logits;
}

}  // namespace

std::string CheckShape(const LogitsShape& shape) {
  if (shape.tokens == 0 || shape.tokens > kMaxLogitTokens) {
    return fmt::format("{} tokens; 1 to 2^31 - 1 are possible", shape.tokens);
  }
  if (shape.layers == 0 || shape.layers > kMaxLogitLayers) {
    return fmt::format("{} layers; 1 to {} are possible", shape.layers, kMaxLogitLayers);
  }
  if (shape.experts == 0 || shape.experts > kMaxExperts) {
    return fmt::format("{} experts; 1 to {} are possible", shape.experts, kMaxExperts);
  }
  return "";
}

std::string CheckLengths(const Logits& logits) {
  std::uint64_t sum = 0;
  for (const std::uint32_t length : logits.sequence_lengths) {
    if (length == 0) return "a sequence of length 0";
    sum += length;
  }
  if (sum == logits.tokens) return "";
  return fmt::format("the sequences have {} tokens, the logits {}", sum, logits.tokens);
}

void Logits::Read(std::size_t layer, std::uint64_t first, std::uint32_t count, float* out) const {
  const char* row = bytes.data() + layers[layer].offset + first * row_bytes;
  const std::size_t width = type == LogitType::kF32 ? sizeof(float) : sizeof(std::uint16_t);
  for (std::uint32_t t = 0; t < count; ++t, row += row_bytes, out += experts) {
    if (type == LogitType::kF32) {
      std::memcpy(out, row, width * experts);
      continue;
    }
    for (std::uint32_t e = 0; e < experts; ++e) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, row + width * e, width);
      out[e] = type == LogitType::kF16 ? HalfToFloat(bits) : Bf16ToFloat(bits);
    }
  }
}

Result<Logits> LoadLogits(const fs::path& path, const LogitsFileOptions& options) {
  if (path.extension() == ".npy") {
    Result<Logits> logits = LoadNpy(path, options);
    if (!logits.ok()) return logits.errors();
    return WithCompanions(std::move(logits).value(), options);
  }
  if (path.extension() != ".safetensors") {
    return FileError(path.string(), "logits come as .npy or .safetensors");
  }
  Result<std::string> bytes = ReadFile(path, options.max_bytes);
  if (!bytes.ok()) return bytes.errors();
  Result<Logits> logits = ParseLogits(std::move(bytes).value(), path.string());
  if (!logits.ok()) return logits.errors();
  return WithCompanions(std::move(logits).value(), options);
}

}  // namespace switchyard::kernels
