#include "sim/engine/path_cache.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {
constexpr std::size_t kFirstSlots = 1024;
}

PathCache::PathCache(const Platform& platform, const PathSelector& paths)
    : platform_(platform), selector_(paths) {
  SWITCHYARD_CHECK(platform.vertices().size() < (std::size_t{1} << 28), "a platform too large");
  Rehash(kFirstSlots);
}

const PathCache::Path& PathCache::Add(VertexId from, VertexId to, std::uint32_t flow_key) {
  SWITCHYARD_CHECK(flow_key < 256, "a flow key of more than 8 bits");
  if (2 * (paths_.size() + 1) > slots_.size()) Rehash(2 * slots_.size());
  Path path{static_cast<std::uint32_t>(links_.size()), 0, {}, selector_.NumParts(from, to)};
  selector_.AppendPath(from, to, flow_key, links_);
  path.size = static_cast<std::uint32_t>(links_.size()) - path.begin;
  SWITCHYARD_CHECK(path.size > 0, "no path between two endpoints");
  for (const LinkId link : links(path)) path.latency += platform_.link(link).latency;
  const std::uint64_t key = KeyOf(from, to, flow_key);
  std::size_t slot = Hash(key);
  while (slots_[slot].key != kEmpty) slot = (slot + 1) & mask_;
  slots_[slot] = {key, static_cast<std::uint32_t>(paths_.size())};
  paths_.push_back(path);
  return paths_.back();
}

void PathCache::Rehash(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  for (const Slot& entry : old) {
    if (entry.key == kEmpty) continue;
    std::size_t slot = Hash(entry.key);
    while (slots_[slot].key != kEmpty) slot = (slot + 1) & mask_;
    slots_[slot] = entry;
  }
}

bool SplitFlows(PathCache& paths, std::vector<Flow>& flows) {
  const auto parts_of = [&paths](const Flow& flow) {
    return paths.Get(flow.from, flow.to, 0).parts;
  };
  const auto is_split = [&](const Flow& flow) { return parts_of(flow) > 1; };
  if (std::none_of(flows.begin(), flows.end(), is_split)) return false;
  std::vector<Flow> split;
  for (const Flow& whole : flows) {
    const std::uint32_t parts = parts_of(whole);
    const double each = std::floor(whole.bytes.value / parts);
    const double more = whole.bytes.value - each * parts;  // the first ones have a byte more
    for (std::uint32_t i = 0; i < parts; ++i) {
      Flow part = whole;
      part.part = static_cast<std::uint8_t>(i);
      part.bytes.value = each + (i < more ? 1.0 : 0.0);
      if (part.bytes.value > 0) split.push_back(part);
    }
  }
  flows = std::move(split);
  return true;
}

}  // namespace switchyard
