// TensorRT-LLM, moe_config.load_balancer: a YAML file (or the mapping itself) with num_slots,
// initial_global_assignments {layer of the model: [expert of every slot]} and
// layer_updates_per_iter, 0 for a placement that stays. Slot s is on rank s / (num_slots /
// ep_size). Source: TensorRT-LLM examples/wide_ep/README.md, examples/ep_load_balancer/
// generate_eplb_config.py, tensorrt_llm/_torch/modules/fused_moe (layer_idx of the model).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/placement/files/readers.h"

namespace switchyard {
namespace {

constexpr std::string_view kAssignments = "initial_global_assignments";
constexpr std::string_view kSlots = "num_slots";
constexpr std::string_view kUpdates = "layer_updates_per_iter";

// The mapping may lie inside the server's options.
const DataNode& Unwrap(const DataNode& root) {
  const DataNode* moe = FindMember(root, "moe_config");
  const DataNode* balancer = FindMember(moe != nullptr ? *moe : root, "load_balancer");
  return balancer != nullptr ? *balancer : root;
}

class Reader {
 public:
  Reader(const PlacementFileContext& context, ImportLog& log) : context_(context), log_(log) {}

  PlacementRows Read(const DataNode& balancer) {
    const auto slots = ReadInteger(balancer, {kSlots, true, 1}, "", log_);
    const auto updates = ReadInteger(balancer, {kUpdates, false, 0}, "", log_);
    if (updates.value_or(0) > 0) {
      log_.Warn(
          fmt::format("{} is {}: the server moves experts while it runs, what is read here "
                      "is where it begins",
                      kUpdates, *updates));
    }
    const DataNode* assignments = FindMember(balancer, kAssignments);
    if (assignments == nullptr) {
      log_.Error({balancer.offset, std::string(kAssignments)}, "is missing: nothing is placed");
      return {};
    }
    const auto* layers = std::get_if<DataDict>(&assignments->data);
    if (layers == nullptr) {
      log_.Error(
          {assignments->offset, std::string(kAssignments)},
          "expected a mapping from layers to lists of experts, found " + Describe(*assignments));
      return {};
    }
    for (const DataMember& member : *layers) Layer(member, slots);
    std::sort(rows_.begin(), rows_.end(),
              [](const PlacementRow& a, const PlacementRow& b) { return a.layer < b.layer; });
    return std::move(rows_);
  }

 private:
  void Layer(const DataMember& member, std::optional<std::int64_t> slots) {
    const ImportPlace place{member.value.offset,
                            fmt::format("{}.{}", kAssignments, Shown(member.key))};
    std::uint32_t layer = 0;
    const char* const end = member.key.data() + member.key.size();
    const auto parsed = std::from_chars(member.key.data(), end, layer);
    const bool number = parsed.ec == std::errc() && parsed.ptr == end;
    if (!number || !IsMoeLayer(layer, context_)) {
      log_.Error(place, number ? NoMoeLayer(layer) : "the key is no layer of the model");
      return;
    }
    const auto* experts = std::get_if<IntegerList>(&member.value.data);
    if (experts == nullptr) {
      log_.Error(place, "expected a list of experts, found " + Describe(member.value));
      return;
    }
    if (slots && static_cast<std::size_t>(*slots) != experts->size()) {
      log_.Error(place, fmt::format("{} slots; {} is {}", experts->size(), kSlots, *slots));
    }
    CheckExperts(*experts, context_, place, log_);
    const auto twice = std::any_of(rows_.begin(), rows_.end(),
                                   [&](const PlacementRow& row) { return row.layer == layer; });
    // "3" and "03"; the same text twice is an error of the parser.
    if (twice) return log_.Error(place, fmt::format("layer {} is given twice", layer));
    rows_.push_back({layer, *experts, place});
  }

  [[nodiscard]] std::string NoMoeLayer(std::uint32_t layer) const {
    return fmt::format(
        "layer {} is no MoE layer of the model; keys are indices in the whole "
        "model, whose MoE layers are {} to {}",
        layer, context_.moe_layers.front(), context_.moe_layers.back());
  }

  const PlacementFileContext& context_;
  ImportLog& log_;
  PlacementRows rows_;
};

}  // namespace

PlacementRows ReadTensorRtLlm(const DataNode& root, const PlacementFileContext& context,
                              ImportLog& log) {
  return Reader(context, log).Read(Unwrap(root));
}

}  // namespace switchyard
