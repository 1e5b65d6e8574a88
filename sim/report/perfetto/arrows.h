// The arrows between slices: dispatch to expert_gemm to combine on each device, and from the
// dispatch of the device whose data came last to the expert_gemm that had to wait for it.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/ids.h"
#include "sim/graph/timeline.h"
#include "sim/report/perfetto/moe_index.h"

namespace switchyard::perfetto {

// Each arrow has its own id, so that several arrows at one slice make a star, not a chain. An arrow
// whose source does not begin before its sink is not drawn: readers take the direction from the
// begins.
class Arrows {
 public:
  Arrows(const Timeline& timeline, const MoeIndex& moe);

  // Replaces the content of `leaving` and `ending` by the ids of the arrows at this slice.
  void At(std::size_t group, TaskId task, DeviceId device, std::vector<std::uint64_t>& leaving,
          std::vector<std::uint64_t>& ending) const;

 private:
  enum Edge : std::uint8_t { kLocalDispatch, kLocalCombine, kRemoteDispatch };
  static constexpr std::uint64_t kNumEdges = 3;

  [[nodiscard]] std::uint64_t IdOf(std::size_t group, std::size_t sink, Edge edge) const;
  [[nodiscard]] bool Exists(std::size_t group, std::size_t source, std::size_t sink,
                            Edge edge) const;
  [[nodiscard]] std::size_t LastSender(std::size_t group, std::size_t device) const;
  void GroupBySender();

  const Timeline& timeline_;
  const MoeIndex& moe_;
  std::size_t num_devices_;
  // Devices by the device that sent to them last: of sender s in group g,
  // waiting_[first_waiting_[g * num_devices + s]] up to the next sender's first.
  std::vector<std::uint32_t> waiting_;
  std::vector<std::uint32_t> first_waiting_;
};

}  // namespace switchyard::perfetto
