#include "sim/engine/port/port_map.h"

#include <algorithm>
#include <bit>

namespace switchyard {

PortMap::PortMap(const Platform& platform)
    : links_(platform.links().size()), is_port_(links_.size(), 1) {
  for (std::size_t l = 0; l < links_.size(); ++l) {
    links_[l].capacity = platform.links()[l].capacity.value;
  }
}

// A strict order, so that of links that cover each other one is left.
bool PortMap::MayCover(LinkId wide, LinkId narrow) const {
  if (links_[wide.index()].varies || links_[narrow.index()].varies) return false;
  const double w = links_[wide.index()].capacity;
  const double n = links_[narrow.index()].capacity;
  return n != w ? n < w : narrow.index() < wide.index();
}

void PortMap::SetCapacity(LinkId link, BytesPerSecond capacity) {
  LinkState& state = links_[link.index()];
  state.capacity = capacity.value;
  state.covers = 0;
  is_port_[link.index()] = 1;
  if (state.varies) return;
  state.varies = true;
  // Whatever it covered is no longer known to be covered.
  for (std::size_t l = 0; l < links_.size(); ++l) {
    LinkState& other = links_[l];
    if (other.covers == 0) continue;
    for (std::uint32_t i = 0; i < kMostCovers && (other.covers >> i) != 0; ++i) {
      if ((other.covers >> i & 1) != 0 && first_paths_[other.first + i] == link) {
        other.covers ^= 1u << i;
      }
    }
    is_port_[l] = other.covers == 0 ? 1 : 0;
  }
}

void PortMap::Add(std::span<const LinkId> path) {
  const auto first = static_cast<std::uint32_t>(first_paths_.size());
  const std::size_t considered = std::min<std::size_t>(path.size(), kMostCovers);
  bool kept = false;
  for (const LinkId link : path) {
    LinkState& state = links_[link.index()];
    if (!state.seen) {
      state.seen = true;
      state.first = first;
      for (std::size_t i = 0; i < considered; ++i) {
        if (MayCover(link, path[i])) state.covers |= 1u << i;
      }
      is_port_[link.index()] = state.covers == 0 ? 1 : 0;
      kept = true;
      continue;
    }
    for (std::uint32_t bits = state.covers; bits != 0; bits &= bits - 1) {
      const LinkId cover =
          first_paths_[state.first + static_cast<std::uint32_t>(std::countr_zero(bits))];
      if (std::find(path.begin(), path.end(), cover) == path.end()) state.covers ^= bits & -bits;
    }
    is_port_[link.index()] = state.covers == 0 ? 1 : 0;
  }
  if (kept) first_paths_.insert(first_paths_.end(), path.begin(), path.end());
}

}  // namespace switchyard
