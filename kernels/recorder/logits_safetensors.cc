// Logits from a .safetensors file.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "kernels/recorder/logits_checks.h"
#include "kernels/recorder/logits_file.h"
#include "kernels/recorder/safetensors.h"

namespace switchyard::kernels {
namespace {

constexpr std::string_view kLogits = "logits.";
constexpr std::string_view kBias = "bias.";

// The L of "logits.L"; none when the name is another.
std::optional<std::uint32_t> LayerOf(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::uint32_t layer = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return layer;
}

std::optional<LogitType> TypeOf(std::string_view dtype) {
  if (dtype == "F32") return LogitType::kF32;
  if (dtype == "F16") return LogitType::kF16;
  if (dtype == "BF16") return LogitType::kBf16;
  return std::nullopt;
}

// Integers of a one-dimensional tensor, 0 to 2^32 - 1; none when it is something else.
std::optional<std::vector<std::uint32_t>> Integers(const Tensor& tensor) {
  std::size_t width = 0;
  if (tensor.dtype == "U8") width = 1;
  if (tensor.dtype == "I32" || tensor.dtype == "U32") width = 4;
  if (tensor.dtype == "I64" || tensor.dtype == "U64") width = 8;
  if (width == 0 || tensor.shape.size() != 1) return std::nullopt;
  std::vector<std::uint32_t> values(tensor.data.size() / width);
  const bool is_signed = tensor.dtype[0] == 'I';
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint64_t value = 0;
    std::memcpy(&value, tensor.data.data() + i * width, width);
    if (is_signed && (value >> (8 * width - 1)) != 0) return std::nullopt;
    if (value > UINT32_MAX) return std::nullopt;
    values[i] = static_cast<std::uint32_t>(value);
  }
  return values;
}

class Reader {
 public:
  Reader(const Safetensors& tensors, const char* begin, std::string file)
      : tensors_(tensors), begin_(begin), file_(std::move(file)) {}

  Diagnostics Read(Logits& logits) {
    for (const auto& [name, tensor] : tensors_.tensors) {
      if (const auto layer = LayerOf(name, kLogits)) TakeLayer(name, tensor, *layer, logits);
    }
    if (!errors_.empty()) return errors_;
    if (logits.layers.empty()) {
      Wrong("there is no tensor logits.<layer>");
      return errors_;
    }
    std::sort(logits.layers.begin(), logits.layers.end(),
              [](const LogitsLayer& a, const LogitsLayer& b) { return a.layer_id < b.layer_id; });
    if (const std::string wrong = CheckShape({logits.tokens, logits.layers.size(), logits.experts});
        !wrong.empty()) {
      Wrong(wrong);
      return errors_;
    }
    for (LogitsLayer& layer : logits.layers) TakeBias(layer, logits.experts);
    RefuseStrayBiases(logits);
    TakeSequences(logits);
    TakeTokens(logits);
    return errors_;
  }

 private:
  void Wrong(std::string what) { errors_.push_back(FileError(file_, std::move(what))); }

  [[nodiscard]] const Tensor* Find(const std::string& name) const {
    const auto found = tensors_.tensors.find(name);
    return found == tensors_.tensors.end() ? nullptr : &found->second;
  }

  void TakeLayer(const std::string& name, const Tensor& tensor, std::uint32_t layer,
                 Logits& logits) {
    const auto type = TypeOf(tensor.dtype);
    if (!type || tensor.shape.size() != 2) {
      return Wrong(fmt::format("tensor '{}': logits are F32, F16 or BF16 [tokens, experts]", name));
    }
    if (logits.layers.empty()) {
      logits.type = *type;
      logits.tokens = tensor.shape[0];
      logits.experts =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(tensor.shape[1], UINT32_MAX));
      logits.row_bytes = tensor.shape[0] == 0 ? 0 : tensor.data.size() / tensor.shape[0];
    } else if (*type != logits.type || tensor.shape[0] != logits.tokens ||
               tensor.shape[1] != logits.experts) {
      return Wrong(
          fmt::format("tensor '{}': its type or shape is not that of the other layers", name));
    }
    if (logits.layers.size() > kMaxLogitLayers) return;  // CheckShape says so
    const bool known = std::any_of(logits.layers.begin(), logits.layers.end(),
                                   [&](const LogitsLayer& l) { return l.layer_id == layer; });
    if (known) return Wrong(fmt::format("tensor '{}': layer {} is there twice", name, layer));
    logits.layers.push_back({layer, static_cast<std::size_t>(tensor.data.data() - begin_), {}});
  }

  void TakeBias(LogitsLayer& layer, std::uint32_t experts) {
    const std::string name = fmt::format("{}{}", kBias, layer.layer_id);
    const Tensor* tensor = Find(name);
    if (tensor == nullptr) return;
    if (tensor->dtype != "F32" || tensor->shape != std::vector<std::uint64_t>{experts}) {
      return Wrong(fmt::format("tensor '{}': a bias is F32 [{}]", name, experts));
    }
    layer.bias.resize(experts);
    std::memcpy(layer.bias.data(), tensor->data.data(), tensor->data.size());
  }

  void RefuseStrayBiases(const Logits& logits) {
    for (const auto& [name, tensor] : tensors_.tensors) {
      const auto bias = LayerOf(name, kBias);
      if (!bias) continue;
      const bool known = std::any_of(logits.layers.begin(), logits.layers.end(),
                                     [&](const LogitsLayer& l) { return l.layer_id == *bias; });
      if (!known) Wrong(fmt::format("tensor '{}': there are no logits of that layer", name));
    }
  }

  void TakeSequences(Logits& logits) {
    logits.sequence_lengths = {static_cast<std::uint32_t>(logits.tokens)};
    if (const Tensor* tensor = Find("sequence_lengths")) {
      auto lengths = Integers(*tensor);
      if (!lengths) return Wrong("tensor 'sequence_lengths': whole numbers [sequences]");
      logits.sequence_lengths = std::move(*lengths);
      if (const std::string wrong = CheckLengths(logits); !wrong.empty()) return Wrong(wrong);
    }
    const Tensor* tensor = Find("domains");
    if (tensor == nullptr) return;
    if (tensor->dtype != "U8" ||
        tensor->shape != std::vector<std::uint64_t>{logits.sequence_lengths.size()}) {
      return Wrong("tensor 'domains': U8, one for each sequence");
    }
    logits.domains.assign(tensor->data.begin(), tensor->data.end());
  }

  void TakeTokens(Logits& logits) {
    const Tensor* tensor = Find("token_ids");
    if (tensor == nullptr) return;
    auto ids = Integers(*tensor);
    if (!ids || ids->size() != logits.tokens) {
      return Wrong("tensor 'token_ids': whole numbers, one for each token");
    }
    logits.token_ids = std::move(*ids);
  }

  const Safetensors& tensors_;
  const char* begin_;
  std::string file_;
  Diagnostics errors_;
};

}  // namespace

Result<Logits> ParseLogits(std::string bytes, const std::string& file) {
  Logits logits;
  logits.bytes = std::move(bytes);
  Result<Safetensors> parsed = ParseSafetensors(logits.bytes, file);
  if (!parsed.ok()) return parsed.errors();
  Diagnostics errors = Reader(parsed.value(), logits.bytes.data(), file).Read(logits);
  if (!errors.empty()) return errors;
  logits.metadata = std::move(parsed.value().metadata);
  return logits;
}

}  // namespace switchyard::kernels
