#include <algorithm>
#include <array>

#include "sim/base/check.h"
#include "sim/placement/files/placement_file.h"

namespace switchyard {
namespace {

// In the order of PlacementFormat.
constexpr std::array kFormats = {
    PlacementFormatInfo{PlacementFormat::kSglang, "sglang", ".json",
                        "SGLang: {\"physical_to_logical_map\": [layers][slots]}, a row for every "
                        "layer of the model",
                        "--init-expert-location FILE --ep-num-redundant-experts N", true},
    PlacementFormatInfo{PlacementFormat::kVllmAscend, "vllm_ascend", ".json",
                        "vLLM-Ascend: the experts of every device, MoE layer by MoE layer",
                        "--additional-config '{\"eplb_config\": {\"expert_map_path\": \"FILE\"}}'",
                        true},
    PlacementFormatInfo{PlacementFormat::kTensorRtLlm, "tensorrt_llm", ".yaml",
                        "TensorRT-LLM: initial_global_assignments by layer of the model",
                        "moe_config.load_balancer: FILE", true},
    PlacementFormatInfo{PlacementFormat::kOmniInfer, "omni_infer", ".npy",
                        "omni-infer: 0 or 1 for [devices, MoE layers, experts]; read only",
                        "its placement pattern path", false},
    PlacementFormatInfo{PlacementFormat::kEplbTensors, "eplb_tensors", "",
                        "DeepSeek EPLB's phy2log.npy, log2phy.npy and logcnt.npy in a folder, MoE "
                        "layers only",
                        "numpy.load, in place of rebalance_experts' results", true},
};

}  // namespace

std::span<const PlacementFormatInfo> PlacementFormats() { return kFormats; }

const PlacementFormatInfo& InfoOf(PlacementFormat format) {
  const auto* found =
      std::find_if(kFormats.begin(), kFormats.end(),
                   [&](const PlacementFormatInfo& info) { return info.format == format; });
  SWITCHYARD_CHECK(found != kFormats.end(), "a placement format without a line in the table");
  return *found;
}

std::optional<PlacementFormat> PlacementFormatOf(std::string_view name) {
  for (const PlacementFormatInfo& info : kFormats) {
    if (info.name == name) return info.format;
  }
  return std::nullopt;
}

}  // namespace switchyard
