// Paths around dead links, for any other selector.
//
//   const DetourPaths paths(MakePathSelector(selection, platform), platform, {dead_link});
//
// A flow whose usual path is whole keeps it. Otherwise, in this order:
//   1. another of the usual paths, for selectors that spread flows by their key;
//   2. through another GPU of the receiver's or the sender's node, by usual paths on both sides:
//      what NCCL's PXN does on the way out of a node, here also on the way in. Of those that are
//      whole the shortest; of several the flow's ends and key choose, so that the traffic of a dead
//      rail spreads over the others;
//   3. the path of fewest links that are not dead, over other GPUs too, the lowest link ids first.
//
// How long a real library takes to find its new paths is not modelled: links are dead from the
// start, as in a step some time after the failure.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "topologies/paths/path_selector.h"

namespace switchyard {

class DetourPaths final : public PathSelector {
 public:
  // `platform` must outlive it. Every pair of ends that is asked for is still connected (checked
  // when asked; FirstUnreachable below).
  DetourPaths(std::unique_ptr<PathSelector> usual, const Platform& platform,
              const std::vector<LinkId>& dead);
  ~DetourPaths() override;
  [[nodiscard]] std::string_view name() const override { return usual_->name(); }
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;

 private:
  using Links = std::vector<LinkId>;
  [[nodiscard]] bool IsWhole(const Links& path) const;
  [[nodiscard]] bool RepeatsVertex(const Links& path) const;
  [[nodiscard]] std::optional<Links> UsualPath(VertexId from, VertexId to,
                                               std::uint64_t flow_key) const;
  [[nodiscard]] std::optional<Links> OverRelay(VertexId from, VertexId to,
                                               std::uint64_t flow_key) const;

  std::unique_ptr<PathSelector> usual_;
  const Platform& platform_;
  std::vector<bool> dead_;                        // by link
  std::vector<std::vector<VertexId>> node_gpus_;  // by node
  class LiveSearch;
  std::unique_ptr<LiveSearch> search_;
};

// The first pair of GPUs, by device, of which the first cannot send to the second without the dead
// links; nullopt when there is none.
[[nodiscard]] std::optional<std::pair<DeviceId, DeviceId>> FirstUnreachable(
    const Platform& platform, const std::vector<LinkId>& dead);

}  // namespace switchyard
