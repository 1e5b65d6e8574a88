// Which links a flow crosses. One file per policy, one line each in registry.cc.
//
//   auto paths = MakePathSelector(spec.paths, platform);
//   std::vector<LinkId> links;
//   paths->AppendPath(platform.gpu(DeviceId{0}), platform.gpu(DeviceId{9}), 0, links);
//
// With links that are dead, no path crosses them; ask before a path that may no longer exist:
//
//   auto paths = MakePathSelector(spec.paths, platform, dead);
//   if (auto cut = FirstUnreachable(platform, *paths)) ...  // a pair of GPUs, or
//   if (!paths->Reaches(from, to)) ...                      // one path at a time
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/ids.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// A flow is never split into more parts than this.
inline constexpr std::uint32_t kMaxFlowParts = 16;

// Contract: deterministic; the same (from, to, flow_key) gives the same path. The ends are GPUs,
// NICs, host memories or SSDs. The links appended form a loop-free walk from `from` to `to` without
// dead links; nothing is appended when they are equal. Paths are computed, not tabulated: no memory
// that grows with pairs. Const calls may run in parallel.
//
// A policy that spreads each flow over several paths says so in NumParts: a flow of B bytes is then
// n flows of B / n bytes, part i on the path of key `flow_key + i`. For any key, n consecutive keys
// give n different paths, so spread over the ways there are that no link of a choice gets two parts
// more than another that could take one of them.
class PathSelector {
 public:
  virtual ~PathSelector() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Whether there is a path. Where there is none, AppendPath and NumParts must not be called.
  [[nodiscard]] virtual bool Reaches(VertexId from, VertexId to) const = 0;
  // Appends the links in order. `flow_key` separates flows of one pair for policies that spread
  // them.
  virtual void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                          std::vector<LinkId>& links) const = 0;
  // Into how many parts a flow is split: 1 .. kMaxFlowParts.
  [[nodiscard]] virtual std::uint32_t NumParts(VertexId /*from*/, VertexId /*to*/) const {
    return 1;
  }
};

// The selector keeps a reference to `platform`, which must outlive it, and none to `dead`, links
// that must not be crossed (one direction each).
[[nodiscard]] std::unique_ptr<PathSelector> MakePathSelector(PathSelection selection,
                                                             const Platform& platform,
                                                             std::span<const LinkId> dead = {});

[[nodiscard]] std::string_view ToString(PathSelection selection);  // "rail_aware"

// Why rail_aware cannot serve clusters of this kind, in words for the user; empty when it can.
[[nodiscard]] std::string WhyNotRailAware(const ClusterSpec& spec);

// The first pair of GPUs, in order of devices, without a path from the first to the second. Takes
// time in the square of GPUs.
[[nodiscard]] std::optional<std::pair<DeviceId, DeviceId>> FirstUnreachable(
    const Platform& platform, const PathSelector& paths);

// Sum of the links' latencies.
[[nodiscard]] Seconds PathLatency(const Platform& platform, const std::vector<LinkId>& links);

// The least capacity among the links; infinite for an empty path.
[[nodiscard]] BytesPerSecond PathBandwidth(const Platform& platform,
                                           const std::vector<LinkId>& links);

}  // namespace switchyard
