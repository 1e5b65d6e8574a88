// Finds the dispatch, expert_gemm and combine of a device in each (MoE layer, micro-batch).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/ids.h"
#include "sim/graph/activity_graph.h"
#include "sim/report/perfetto/selection.h"

namespace switchyard::perfetto {

class MoeIndex {
 public:
  enum Kind : std::uint8_t { kDispatch, kExpertGemm, kCombine };

  MoeIndex(const ActivityGraph& graph, const Selection& selection);

  // (layer, micro-batch) pairs that have any of the three, numbered from 0 in that order.
  [[nodiscard]] std::size_t num_groups() const { return groups_.size(); }
  [[nodiscard]] std::optional<std::size_t> GroupOf(std::uint32_t layer,
                                                   std::uint32_t micro_batch) const;
  // The group's first task of that kind on the device.
  [[nodiscard]] std::optional<TaskId> TaskOf(std::size_t group, Kind kind,
                                             std::size_t device) const;

 private:
  static constexpr int kNumKinds = 3;
  static constexpr std::uint32_t kNoTask = 0xffffffff;

  std::size_t num_devices_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> groups_;
  std::array<std::vector<std::uint32_t>, kNumKinds> tasks_;  // [group * num_devices + device]
};

}  // namespace switchyard::perfetto
