#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "models/import/hf_sections.h"

namespace switchyard {
namespace {

struct DtypeName {
  std::string_view name;
  Dtype dtype;
};
constexpr std::array kDtypeNames = {
    DtypeName{"bfloat16", Dtype::kBf16}, DtypeName{"bf16", Dtype::kBf16},
    DtypeName{"float16", Dtype::kFp16},  DtypeName{"half", Dtype::kFp16},
    DtypeName{"float32", Dtype::kFp32},  DtypeName{"float8_e4m3fn", Dtype::kFp8},
    DtypeName{"fp8", Dtype::kFp8},       DtypeName{"fp4", Dtype::kFp4},
    DtypeName{"int8", Dtype::kInt8},     DtypeName{"int4", Dtype::kInt4},
};

std::optional<Dtype> ToDtype(ConfigReader& reader, std::string_view key, std::string_view text) {
  const auto* const found =
      std::find_if(kDtypeNames.begin(), kDtypeNames.end(),
                   [&](const DtypeName& entry) { return entry.name == text; });
  if (found != kDtypeNames.end()) return found->dtype;
  std::vector<std::string> names;
  names.reserve(kDtypeNames.size());
  for (const DtypeName& entry : kDtypeNames) names.emplace_back(entry.name);
  reader.Error(key,
               fmt::format("found \"{}\"{}", Printable(text), Suggestion(Printable(text), names)));
  return std::nullopt;
}

std::string_view TextOf(const JsonObject& object, std::string_view key) {
  const JsonMember* member = FindMember(object, key);
  if (member == nullptr) return "";
  const auto* text = std::get_if<std::string>(&member->value.data);
  return text == nullptr ? std::string_view() : *text;
}

std::optional<std::int64_t> NumberOf(const JsonObject& object, std::string_view key) {
  const JsonMember* member = FindMember(object, key);
  if (member == nullptr) return std::nullopt;
  const auto* number = std::get_if<std::int64_t>(&member->value.data);
  return number == nullptr ? std::nullopt : std::optional<std::int64_t>(*number);
}

// Whether a list of patterns of unquantised modules names attention.
bool LeavesOutAttention(const JsonObject& quantization) {
  for (const std::string_view key : {"ignore", "modules_to_not_convert", "exclude_modules"}) {
    const JsonMember* member = FindMember(quantization, key);
    const auto* patterns =
        member == nullptr ? nullptr : std::get_if<JsonArray>(&member->value.data);
    if (patterns == nullptr) continue;
    for (const JsonValue& pattern : *patterns) {
      const auto* text = std::get_if<std::string>(&pattern.data);
      if (text != nullptr && text->find("self_attn") != std::string::npos) return true;
    }
  }
  return false;
}

// compressed-tensors: config_groups.<name>.weights {num_bits, type}. The first group stands for
// all.
std::optional<Dtype> CompressedTensorsDtype(const JsonObject& quantization) {
  const JsonMember* groups = FindMember(quantization, "config_groups");
  const auto* named = groups == nullptr ? nullptr : std::get_if<JsonObject>(&groups->value.data);
  if (named == nullptr || named->empty()) return std::nullopt;
  const auto* group = std::get_if<JsonObject>(&named->front().value.data);
  const JsonMember* member = group == nullptr ? nullptr : FindMember(*group, "weights");
  const auto* weights = member == nullptr ? nullptr : std::get_if<JsonObject>(&member->value.data);
  if (weights == nullptr) return std::nullopt;
  const bool integer = TextOf(*weights, "type") == "int";
  constexpr std::int64_t kEightBits = 8;
  constexpr std::int64_t kFourBits = 4;
  const auto bits = NumberOf(*weights, "num_bits");
  if (bits == kEightBits) return integer ? Dtype::kInt8 : Dtype::kFp8;
  if (bits == kFourBits) return integer ? Dtype::kInt4 : Dtype::kFp4;
  return std::nullopt;
}

std::optional<Dtype> QuantizedDtype(const JsonObject& quantization) {
  const std::string_view method = TextOf(quantization, "quant_method");
  if (method == "fp8" || method == "fbgemm_fp8") return Dtype::kFp8;
  if (method == "mxfp4") return Dtype::kFp4;
  if (method == "compressed-tensors") return CompressedTensorsDtype(quantization);
  if (method == "modelopt") {
    const std::string_view algorithm = TextOf(quantization, "quant_algo");
    if (algorithm == "FP8") return Dtype::kFp8;
    if (algorithm == "NVFP4") return Dtype::kFp4;
  }
  if (method == "gptq" || method == "awq") {
    constexpr std::int64_t kEightBits = 8;
    constexpr std::int64_t kFourBits = 4;
    const auto bits = NumberOf(quantization, "bits");
    if (bits == kEightBits) return Dtype::kInt8;
    if (bits == kFourBits) return Dtype::kInt4;
  }
  return std::nullopt;
}

void ApplyQuantization(ConfigReader& reader, ModelDtypes& dtypes) {
  constexpr std::string_view kKey = "quantization_config";
  const JsonObject* quantization = reader.ObjectAnywhere(kKey);
  if (quantization == nullptr) return;
  const auto dtype = QuantizedDtype(*quantization);
  if (!dtype) {
    reader.Error(kKey, fmt::format("quant_method \"{}\" with these settings is not known; allowed: "
                                   "fp8, fbgemm_fp8, mxfp4, modelopt (quant_algo FP8, NVFP4), "
                                   "compressed-tensors (num_bits 8, 4), gptq, awq (bits 8, 4)",
                                   Printable(TextOf(*quantization, "quant_method"))));
    return;
  }
  dtypes.expert_weights = *dtype;
  if (!LeavesOutAttention(*quantization)) dtypes.attention_weights = *dtype;
}

}  // namespace

ModelDtypes ReadDtypes(ConfigReader& reader) {
  ModelDtypes dtypes;
  const auto stated = reader.TextAnywhere({"torch_dtype", "dtype"});
  if (stated) {
    const Dtype dtype =
        ToDtype(reader, reader.Has("torch_dtype") ? "torch_dtype" : "dtype", *stated)
            .value_or(Dtype::kBf16);
    dtypes.attention_weights = dtype;
    dtypes.expert_weights = dtype;
    // An 8-bit format is one of weights; rows between kernels and the cache stay in 16 bits.
    const bool full = BytesPerElement(dtype) >= BytesPerElement(Dtype::kBf16);
    dtypes.activations = full ? dtype : Dtype::kBf16;
    dtypes.kv_cache = dtypes.activations;
  } else {
    reader.Note("torch_dtype is not stated; bf16 for all that is not quantised");
  }
  ApplyQuantization(reader, dtypes);
  if (const auto expert = reader.Text({"expert_dtype"})) {
    dtypes.expert_weights = ToDtype(reader, "expert_dtype", *expert).value_or(Dtype::kBf16);
  }
  return dtypes;
}

}  // namespace switchyard
