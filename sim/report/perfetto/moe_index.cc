#include "sim/report/perfetto/moe_index.h"

namespace switchyard::perfetto {
namespace {

std::optional<MoeIndex::Kind> KindOf(OpName name) {
  if (name == OpName::kDispatch) return MoeIndex::kDispatch;
  if (name == OpName::kExpertGemm) return MoeIndex::kExpertGemm;
  if (name == OpName::kCombine) return MoeIndex::kCombine;
  return std::nullopt;
}

}  // namespace

MoeIndex::MoeIndex(const ActivityGraph& graph, const Selection& selection)
    : num_devices_(graph.num_devices) {
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    const OpLabel& label = graph.tasks[t].label;
    if (selection.Has(t) && KindOf(label.name)) groups_[{label.layer, label.micro_batch}] = 0;
  }
  std::size_t next = 0;
  for (auto& [key, group] : groups_) group = next++;
  for (auto& table : tasks_) table.assign(groups_.size() * num_devices_, kNoTask);
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    const Task& task = graph.tasks[t];
    const std::optional<Kind> kind = KindOf(task.label.name);
    if (!selection.Has(t) || !kind) continue;
    const std::size_t group = groups_.at({task.label.layer, task.label.micro_batch});
    for (std::size_t d = task.first_device; d < task.first_device + task.num_devices; ++d) {
      std::uint32_t& entry = tasks_[*kind][group * num_devices_ + d];
      if (entry == kNoTask) entry = static_cast<std::uint32_t>(t);
    }
  }
}

std::optional<std::size_t> MoeIndex::GroupOf(std::uint32_t layer, std::uint32_t micro_batch) const {
  const auto found = groups_.find({layer, micro_batch});
  if (found == groups_.end()) return std::nullopt;
  return found->second;
}

std::optional<TaskId> MoeIndex::TaskOf(std::size_t group, Kind kind, std::size_t device) const {
  const std::uint32_t task = tasks_[kind][group * num_devices_ + device];
  if (task == kNoTask) return std::nullopt;
  return TaskId(task);
}

}  // namespace switchyard::perfetto
