// Placements as arrays. omni-infer: 0 or 1 for [devices, MoE layers, experts]; in which order a
// device holds its experts is not in it, they are taken in the order of their ids. Source:
// omni-infer omni/accelerators/placement (patterns/*.npy).
// DeepSeek EPLB: phy2log [layers, slots], the expert of each slot, or log2phy [layers, experts,
// most replicas], the slots of each expert, -1 behind the last. Source: deepseek-ai/EPLB eplb.py,
// rebalance_experts.
#include <fmt/format.h>

#include <algorithm>

#include "sim/placement/files/readers.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

std::string ShapeText(const NpyArray& array) {
  std::string text;
  for (const std::uint64_t n : array.shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(n);
  }
  return "[" + text + "]";
}

class Reader {
 public:
  Reader(const NpyArray& array, const PlacementFileContext& context, ImportLog& log)
      : array_(array), context_(context), log_(log) {}

  PlacementRows Read(PlacementFormat& format) {
    const auto& shape = array_.shape;
    format = PlacementFormat::kEplbTensors;
    if (IsFloat(array_.type)) {
      log_.Error({}, fmt::format("holds {}; placements are integers", Descr(array_.type)));
    } else if (shape.size() == 2) {
      ReadExpertsOfSlots();
    } else if (shape.size() == 3 && IsLogicalToPhysical()) {
      ReadSlotsOfExperts();
    } else if (shape.size() == 3 && shape[0] == context_.ranks && shape[2] == context_.experts) {
      format = PlacementFormat::kOmniInfer;
      ReadDevices();
    } else {
      const std::size_t layers = context_.moe_layers.size();
      log_.Error(
          {}, fmt::format("has shape {}; allowed: [{} layers, slots] (phy2log), [{} layers, {} "
                          "experts, replicas] (log2phy), [{} devices, {} MoE layers, {} experts] "
                          "of 0 and 1 (omni-infer)",
                          ShapeText(array_), layers, layers, context_.experts, context_.ranks,
                          layers, context_.experts));
    }
    return std::move(rows_);
  }

 private:
  [[nodiscard]] std::int64_t Value(std::uint64_t i) const { return array_.Integer(i); }

  // Its shape may be omni-infer's as well: then the values decide.
  [[nodiscard]] bool IsLogicalToPhysical() const {
    const auto& shape = array_.shape;
    const bool layers = shape[0] == context_.moe_layers.size() || shape[0] == context_.num_layers;
    if (!layers || shape[1] != context_.experts) return false;
    if (shape[0] != context_.ranks || shape[1] != context_.moe_layers.size() ||
        shape[2] != context_.experts) {
      return true;
    }
    for (std::uint64_t i = 0; i < array_.size(); ++i) {
      if (Value(i) < 0 || Value(i) > 1) return true;
    }
    return false;
  }

  void ReadExpertsOfSlots() {
    const std::size_t slots = array_.shape[1];
    const auto layers = LayersOfRows(array_.shape[0], context_, {}, log_);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (!IsMoeLayer(layers[i], context_)) continue;
      PlacementRow row{layers[i], {}, {{}, fmt::format("[{}]", i)}};
      row.slots.reserve(slots);
      for (std::size_t s = 0; s < slots; ++s) row.slots.push_back(Value(i * slots + s));
      CheckExperts(row.slots, context_, row.place, log_);
      rows_.push_back(std::move(row));
    }
    if (LooksLikeCounts()) {
      log_.Error({},
                 "looks like EPLB's logcnt, which says how often experts are there, not where: "
                 "give phy2log.npy");
    }
  }

  [[nodiscard]] bool LooksLikeCounts() const {
    if (rows_.empty() || array_.shape[1] != context_.experts) return false;
    return std::all_of(rows_.begin(), rows_.end(), [](const PlacementRow& row) {
      return std::all_of(row.slots.begin(), row.slots.end(), [](std::int64_t v) { return v > 0; });
    });
  }

  void ReadSlotsOfExperts() {
    const auto layers = LayersOfRows(array_.shape[0], context_, {}, log_);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      if (IsMoeLayer(layers[i], context_)) LogicalToPhysical(i, layers[i]);
    }
  }

  void LogicalToPhysical(std::size_t index, std::uint32_t layer) {
    const std::size_t most = array_.shape[2];
    const std::size_t begin = index * context_.experts * most;
    const std::size_t end = begin + context_.experts * most;
    std::size_t slots = 0;
    for (std::size_t i = begin; i < end; ++i) slots += Value(i) >= 0 ? 1 : 0;
    PlacementRow row{layer, std::vector<std::int64_t>(slots, -1), {{}, fmt::format("[{}]", index)}};
    for (std::size_t i = begin; i < end; ++i) {
      const std::int64_t slot = Value(i);
      if (slot == -1) continue;
      const auto expert = static_cast<std::int64_t>((i - begin) / most);
      if (slot < 0 || static_cast<std::size_t>(slot) >= slots ||
          row.slots[static_cast<std::size_t>(slot)] != -1) {
        log_.Error(row.place,
                   fmt::format("expert {} is in slot {}; each of the {} slots that the layer has "
                               "entries for, 0 to {}, is there once",
                               expert, slot, slots, static_cast<std::int64_t>(slots) - 1));
        return;
      }
      row.slots[static_cast<std::size_t>(slot)] = expert;
    }
    rows_.push_back(std::move(row));
  }

  void ReadDevices() {
    const std::size_t layers = array_.shape[1];
    if (layers != context_.moe_layers.size()) {
      log_.Error({}, fmt::format("{} layers; the model has {} MoE layers", layers,
                                 context_.moe_layers.size()));
      return;
    }
    std::vector<std::vector<std::vector<std::int64_t>>> held(layers);  // [layers][ranks]
    std::size_t most = 0;
    std::size_t total = 0;
    for (std::size_t l = 0; l < layers; ++l) {
      for (std::size_t d = 0; d < context_.ranks; ++d) {
        held[l].push_back(ExpertsOf(d, l));
        most = std::max(most, held[l].back().size());
        total += held[l].back().size();
      }
    }
    for (std::size_t l = 0; l < layers; ++l) Row(l, held[l], most);
    const std::size_t empty = most * context_.ranks * layers - total;
    if (empty == 0) return;
    log_.Warn(
        fmt::format("devices hold up to {} experts of a layer; the {} of {} slots that are "
                    "not filled are taken as empty",
                    most, empty, empty + total));
  }

  std::vector<std::int64_t> ExpertsOf(std::size_t device, std::size_t layer) {
    std::vector<std::int64_t> experts;
    const std::size_t begin = (device * array_.shape[1] + layer) * context_.experts;
    for (std::uint32_t e = 0; e < context_.experts; ++e) {
      const std::int64_t value = Value(begin + e);
      if (value == 1) experts.push_back(e);
      if (value == 0 || value == 1) continue;
      log_.Error({{}, fmt::format("[{}][{}][{}]", device, layer, e)},
                 fmt::format("{}; allowed: 0, 1", value));
    }
    return experts;
  }

  void Row(std::size_t index, const std::vector<std::vector<std::int64_t>>& held,
           std::size_t most) {
    PlacementRow row{context_.moe_layers[index], {}, {{}, fmt::format("[:, {}]", index)}};
    for (const std::vector<std::int64_t>& experts : held) {
      row.slots.insert(row.slots.end(), experts.begin(), experts.end());
      row.slots.resize(row.slots.size() + most - experts.size(), -1);
    }
    rows_.push_back(std::move(row));
  }

  const NpyArray& array_;
  const PlacementFileContext& context_;
  ImportLog& log_;
  PlacementRows rows_;
};

}  // namespace

PlacementRows ReadPlacementNpy(std::string_view bytes, const PlacementFileContext& context,
                               ImportLog& log, PlacementFormat& format) {
  const Result<NpyArray> array = ParseNpy(bytes, log.file());
  if (!array.ok()) {
    log.Error({}, array.errors().front().message);
    return {};
  }
  return Reader(array.value(), context, log).Read(format);
}

}  // namespace switchyard
