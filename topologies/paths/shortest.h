// One fixed way of fewest links, for any platform: of several equally short ones that whose link
// ids, compared from the start, are lowest. equal_cost.h says what counts as a way; GPUs and
// memories only begin and end paths, but for NVLink without switches.
//
// A repeated path costs no search and no allocation while its tables are among the latest, up to
// kCacheBytes in all.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "topologies/paths/equal_cost.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {

class ShortestPaths final : public PathSelector {
 public:
  explicit ShortestPaths(const Platform& platform, std::span<const LinkId> dead = {},
                         std::size_t cache_bytes = EqualCostWays::kCacheBytes)
      : ways_(platform, dead, cache_bytes) {}
  [[nodiscard]] std::string_view name() const override { return "shortest"; }
  [[nodiscard]] bool Reaches(VertexId from, VertexId to) const override;
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;

  // Tables kept. For tests of the bound.
  [[nodiscard]] std::size_t num_cached() const;

 private:
  mutable std::mutex mutex_;
  mutable EqualCostWays ways_;
};

}  // namespace switchyard
