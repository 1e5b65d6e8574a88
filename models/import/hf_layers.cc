#include <algorithm>

#include <fmt/format.h>

#include "models/import/hf_sections.h"

namespace switchyard {
namespace {

using Flags = std::vector<bool>;  // per layer: MoE

// SwitchTransformersStack in huggingface/transformers: every step-th layer, from the second.
void ApplySwitch(ConfigReader& reader, Flags& moe) {
  const auto layers = static_cast<std::uint32_t>(moe.size());
  const std::uint32_t sparse =
      reader.Required({"num_sparse_decoder_layers", "num_sparse_encoder_layers"}, layers);
  if (sparse == 0) return;  // reported
  const std::uint32_t step = layers / sparse;
  for (std::uint32_t i = 0; i < layers; ++i) moe[i] = step == 1 || i % step == 1;
}

// Llama4TextConfig: layers step-1, 2*step-1, ... unless `moe_layers` lists them.
void ApplyLlama4(ConfigReader& reader, Flags& moe) {
  const auto layers = static_cast<std::uint32_t>(moe.size());
  if (const auto listed = reader.List("moe_layers", layers - 1)) {
    moe.assign(layers, false);
    for (const std::uint32_t layer : *listed) moe[layer] = true;
    return;
  }
  const std::uint32_t step = reader.Required({"interleave_moe_layer_step"}, layers);
  if (step == 0) return;  // reported
  for (std::uint32_t i = 0; i < layers; ++i) moe[i] = (i + 1) % step == 0;
}

// DeepSeek: the first k layers are dense, of the others those whose index the frequency divides.
// MiMo-V2 gives the frequency as one 0 or 1 per layer.
void ApplyDeepSeek(ConfigReader& reader, const ConfigContext& context, Flags& moe) {
  const auto layers = static_cast<std::uint32_t>(moe.size());
  const ConfigReader::Keys first_keys = {"first_k_dense_replace", "n_dense_layers"};
  const auto first_dense = reader.Number(first_keys, layers);
  const bool needed = context.dialect == ConfigDialect::kDeepSeekNative ||
                      (context.family != nullptr && context.family->states_first_dense);
  if (needed && !reader.HasAny(first_keys)) {
    reader.Missing(first_keys, "the number of dense layers before the first MoE layer");
  }
  for (std::uint32_t i = 0; i < first_dense.value_or(0); ++i) moe[i] = false;

  constexpr std::string_view kFrequency = "moe_layer_freq";
  if (!reader.IsList(kFrequency)) {
    const std::uint32_t frequency = reader.Number({kFrequency}, layers, 1).value_or(1);
    for (std::uint32_t i = 0; i < layers; ++i) moe[i] = moe[i] && i % frequency == 0;
    return;
  }
  const auto flags = reader.List(kFrequency, 1);
  if (!flags) return;  // reported
  if (flags->size() != layers) {
    reader.Error(kFrequency, fmt::format("found a list of {}; one 0 or 1 for each of {} layers is "
                                         "needed",
                                         flags->size(), layers));
    return;
  }
  for (std::uint32_t i = 0; i < layers; ++i) moe[i] = moe[i] && (*flags)[i] == 1;
}

// Qwen2MoeDecoderLayer: (layer + 1) % decoder_sparse_step == 0 and not in mlp_only_layers.
void ApplyQwen(ConfigReader& reader, Flags& moe) {
  const auto layers = static_cast<std::uint32_t>(moe.size());
  const std::uint32_t step = reader.Number({"decoder_sparse_step"}, layers, 1).value_or(1);
  for (std::uint32_t i = 0; i < layers; ++i) moe[i] = moe[i] && (i + 1) % step == 0;
  const auto dense = reader.List("mlp_only_layers", layers - 1);
  if (!dense) return;
  for (const std::uint32_t layer : *dense) moe[layer] = false;
}

}  // namespace

std::vector<std::uint32_t> ReadDenseLayers(ConfigReader& reader, const ConfigContext& context) {
  if (context.num_layers == 0) return {};  // reported
  Flags moe(context.num_layers, true);
  if (context.dialect == ConfigDialect::kSwitch) {
    ApplySwitch(reader, moe);
  } else if (context.Llama4()) {
    ApplyLlama4(reader, moe);
  } else {
    ApplyDeepSeek(reader, context, moe);
    ApplyQwen(reader, moe);
  }
  std::vector<std::uint32_t> dense;
  for (std::uint32_t i = 0; i < context.num_layers; ++i) {
    if (!moe[i]) dense.push_back(i);
  }
  if (dense.size() == context.num_layers) {
    reader.Error("", "the model has routed experts, but none of its layers is an MoE layer");
  }
  return dense;
}

std::uint32_t ReadDenseWidth(ConfigReader& reader, const ConfigContext& context) {
  if (context.dialect == ConfigDialect::kSwitch)
    return reader.Number({"d_ff"}, kMaxWidth).value_or(0);
  if (context.Llama4()) return reader.Number({"intermediate_size_mlp"}, kMaxWidth).value_or(0);
  if (context.family != nullptr && context.family->width == WidthMeaning::kExpert) return 0;
  return reader.Number({"intermediate_size", "inter_dim"}, kMaxWidth).value_or(0);
}

}  // namespace switchyard
