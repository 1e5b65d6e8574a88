// Equal-cost multi-path as switches do it (RFC 2992): every switch picks among the links that lead
// on equally well by a hash of what identifies the flow, and every packet of the flow takes the
// same way. Flows whose hashes agree collide, however empty the other links are; that is the point.
//
// The hash is of (from, to, flow_key) and the vertex, without a seed: the same flows collide in
// every run. A vertex hashes differently from the next (no polarisation). equal_cost.h says what
// counts as a way.
#pragma once

#include <mutex>

#include "topologies/paths/equal_cost.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {

class EcmpPaths final : public PathSelector {
 public:
  explicit EcmpPaths(const Platform& platform, std::span<const LinkId> dead = {})
      : ways_(platform, dead, EqualCostWays::kCacheBytes) {}
  [[nodiscard]] std::string_view name() const override { return "ecmp"; }
  [[nodiscard]] bool Reaches(VertexId from, VertexId to) const override;
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;

 private:
  mutable std::mutex mutex_;
  mutable EqualCostWays ways_;
};

}  // namespace switchyard
