// Even spreading over all equally short ways: what packet spraying and adaptive routing tend to
// when flows are long against their packets (a fluid model; reordering and reaction times are not
// modelled, nor are detours: a dragonfly's flows stay on minimal paths).
//
// Each flow is split into as many parts as there are equally short ways, at most kMaxFlowParts. At
// each vertex the parts that arrive divide over the links that lead on, as evenly as whole parts
// can, no link taking more than it has ways on. Where a remainder goes is rotated by a hash of the
// pair, so that the remainders of many flows spread too. equal_cost.h says what counts as a way.
#pragma once

#include <mutex>

#include "topologies/paths/equal_cost.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {

class AdaptivePaths final : public PathSelector {
 public:
  explicit AdaptivePaths(const Platform& platform, std::span<const LinkId> dead = {})
      : ways_(platform, dead, EqualCostWays::kCacheBytes) {}
  [[nodiscard]] std::string_view name() const override { return "adaptive"; }
  [[nodiscard]] bool Reaches(VertexId from, VertexId to) const override;
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;
  [[nodiscard]] std::uint32_t NumParts(VertexId from, VertexId to) const override;

 private:
  mutable std::mutex mutex_;
  mutable EqualCostWays ways_;
};

}  // namespace switchyard
