// Which links a flow crosses. One file per policy, one line each in registry.cc.
//
//   auto paths = MakePathSelector(spec.paths, platform);
//   std::vector<LinkId> links;
//   paths->AppendPath(platform.gpu(DeviceId{0}), platform.gpu(DeviceId{9}), 0, links);
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// Contract: deterministic; the same (from, to, flow_key) gives the same path. The ends are GPUs,
// NICs, host memories or SSDs, and the platform connects them. The links appended form a loop-free
// walk from `from` to `to`; nothing is appended when they are equal. Paths are computed, not
// tabulated: no memory that grows with pairs. Const calls may run in parallel.
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

// The least capacity among the links; infinite for an empty path.
[[nodiscard]] BytesPerSecond PathBandwidth(const Platform& platform,
                                           const std::vector<LinkId>& links);

}  // namespace switchyard
