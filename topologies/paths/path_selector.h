// Which links a flow crosses. One file per policy, one line each in registry.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// Contract: deterministic; the same (from, to, flow_key) gives the same path. The links appended
// form a loop-free walk from `from` to `to`; nothing is appended when they are equal. Paths are
// computed, not tabulated: no memory that grows with pairs.
class PathSelector {
 public:
  virtual ~PathSelector() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Appends the links in order. `flow_key` separates flows of one pair for policies that spread
  // them.
  virtual void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                          std::vector<LinkId>& links) const = 0;
};

// The selector keeps a reference to `platform`, which must outlive it.
[[nodiscard]] std::unique_ptr<PathSelector> MakePathSelector(PathSelection selection,
                                                             const Platform& platform);

// Sum of the links' latencies.
[[nodiscard]] Seconds PathLatency(const Platform& platform, const std::vector<LinkId>& links);

}  // namespace switchyard
