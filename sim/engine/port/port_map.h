// Which links can be what a flow waits for, learnt path by path.
//
// A link never limits anything when another one that is not wider is crossed by all flows that
// cross it (as in flow/grouping.h). Here "all flows" are those of all paths seen so far: a path may
// make a link matter again, never the other way round, so what holds for all holds for any of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "topologies/platform.h"

namespace switchyard {

class PortMap {
 public:
  explicit PortMap(const Platform& platform);

  // A path that flows may take from now on.
  void Add(std::span<const LinkId> path);
  // A link has another capacity from now on: it counts as a port from now on, and covers none.
  void SetCapacity(LinkId link, BytesPerSecond capacity);
  // Whether the link may limit flows.
  [[nodiscard]] bool IsPort(LinkId link) const { return is_port_[link.index()] != 0; }

 private:
  // Links beyond the first kMostCovers of a path are not considered as covers.
  static constexpr std::uint32_t kMostCovers = 32;
  struct LinkState {
    double capacity = 0.0;
    std::uint32_t first = 0;   // of its first path, in first_paths_
    std::uint32_t covers = 0;  // bit i: link i of the first path may still cover it
    bool seen = false;
    bool varies = false;  // may limit at any time, and is no cover
  };
  [[nodiscard]] bool MayCover(LinkId wide, LinkId narrow) const;

  std::vector<LinkState> links_;
  std::vector<std::uint8_t> is_port_;  // by link: covers == 0; asked far more often than it changes
  std::vector<LinkId> first_paths_;
};

}  // namespace switchyard
