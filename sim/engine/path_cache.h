// The paths between endpoints that have been asked for, so that a step that sends between the same
// pairs in every layer computes each path once.
//
//   const PathCache::Path path = cache.Get(from, to, 0);
//   for (const LinkId link : cache.links(path)) ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/graph/flows.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// Memory grows with the pairs that have been asked for, about 60 bytes each: less than their flows
// take while in flight. `platform` and `paths` must outlive it.
class PathCache {
 public:
  struct Path {
    std::uint32_t begin = 0;  // into the links of all paths
    std::uint32_t size = 0;
    Seconds latency;          // sum over the links
    std::uint32_t parts = 1;  // that a flow is split into; part i has flow key i
  };

  PathCache(const Platform& platform, const PathSelector& paths);

  // The reference and the links are valid until the next Get. `flow_key` as in PathSelector, below
  // 256.
  const Path& Get(VertexId from, VertexId to, std::uint32_t flow_key) {
    const std::uint64_t key = KeyOf(from, to, flow_key);
    for (std::size_t slot = Hash(key);; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) return paths_[slots_[slot].path];
      if (slots_[slot].key == kEmpty) return Add(from, to, flow_key);
    }
  }
  [[nodiscard]] std::span<const LinkId> links(const Path& path) const {
    return {links_.data() + path.begin, path.size};
  }
  // Calls visit(links) for every path that has been added since the last call.
  template <class Visit>
  void ForNew(Visit visit) {
    for (; visited_ < paths_.size(); ++visited_) visit(links(paths_[visited_]));
  }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kEmpty;
    std::uint32_t path = 0;
  };

  // Vertices are below 2^28 (a platform has at most a few million).
  static std::uint64_t KeyOf(VertexId from, VertexId to, std::uint32_t flow_key) {
    return (std::uint64_t{from.value} << 36) | (std::uint64_t{to.value} << 8) | flow_key;
  }
  // Multiplicative hashing (Knuth, "The Art of Computer Programming", volume 3, section 6.4).
  [[nodiscard]] std::size_t Hash(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15ULL) >> shift_);
  }
  const Path& Add(VertexId from, VertexId to, std::uint32_t flow_key);
  void Rehash(std::size_t slots);

  const Platform& platform_;
  const PathSelector& selector_;
  std::vector<Slot> slots_;  // a power of two of them, at most half full
  std::size_t mask_ = 0;
  int shift_ = 0;
  std::vector<Path> paths_;
  std::size_t visited_ = 0;
  std::vector<LinkId> links_;
};

// Splits the flows that their path selector spreads over several paths (PathSelector::NumParts)
// into parts of whole bytes, as even as can be. False, and nothing changed, when there are none.
bool SplitFlows(PathCache& paths, std::vector<Flow>& flows);

}  // namespace switchyard
