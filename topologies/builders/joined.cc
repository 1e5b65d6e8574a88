#include "topologies/builders/joined.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "topologies/paths/hop_tables.h"
#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

using DevicePair = std::pair<DeviceId, DeviceId>;

// Parts of the fabric that are joined to each other, without what nodes join. Links that leave a
// node for another directly make a part of their own each.
class FabricParts {
 public:
  explicit FabricParts(const Platform& platform)
      : platform_(platform), parent_(platform.vertices().size() + platform.links().size()) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    for (const Link& link : platform.links()) {
      if (InFabric(link.from) && InFabric(link.to)) {
        parent_[Root(link.from.index())] = Root(link.to.index());
      }
    }
  }

  // The parts that the gateway's links lead to.
  void AddPartsOf(VertexId gateway, std::set<std::size_t>& parts) {
    for (const LinkId l : platform_.out_links(gateway)) {
      const VertexId to = platform_.link(l).to;
      if (platform_.vertex(to).node == platform_.vertex(gateway).node) continue;
      // A direct link is named by its lower direction: both ends find it.
      const LinkId back = platform_.FindLink(to, gateway).value_or(l);
      const std::size_t direct = platform_.vertices().size() + std::min(l, back).index();
      parts.insert(InFabric(to) ? Root(to.index()) : direct);
    }
  }

 private:
  [[nodiscard]] bool InFabric(VertexId v) const { return platform_.vertex(v).node == kNoNode; }
  std::size_t Root(std::size_t v) {
    while (parent_[v] != v) v = parent_[v] = parent_[parent_[v]];
    return v;
  }

  const Platform& platform_;
  std::vector<std::size_t> parent_;
};

// GPUs by the parts of the fabric that they reach through their node; links are duplex, so what
// reaches a part is reached from it.
std::map<std::set<std::size_t>, std::vector<DeviceId>> Classes(const Platform& platform) {
  FabricParts fabric(platform);
  HopTables tables(platform, {}, std::size_t{64} << 20);
  std::map<std::set<std::size_t>, std::vector<DeviceId>> classes;
  for (std::size_t d = 0; d < platform.num_devices(); ++d) {
    const VertexId gpu = platform.gpu(DeviceId(d));
    std::set<std::size_t> parts;
    for (const VertexId gateway : tables.Gateways(platform.vertex(gpu).node)) {
      const std::uint32_t hops = tables.Hops(gateway, HopScope::kNode, gpu);
      if (hops != HopTables::kUnreached) fabric.AddPartsOf(gateway, parts);
    }
    classes[parts].emplace_back(d);
  }
  return classes;
}

bool Intersect(const std::set<std::size_t>& a, const std::set<std::size_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](std::size_t part) { return b.contains(part); });
}

// A pair of GPUs of different nodes, one of each class.
std::optional<DevicePair> AcrossNodes(const Platform& platform, const std::vector<DeviceId>& a,
                                      const std::vector<DeviceId>& b) {
  for (const DeviceId d : a) {
    for (const DeviceId e : {b.front(), b.back()}) {
      if (platform.node_of(d) != platform.node_of(e)) return DevicePair(d, e);
    }
  }
  return std::nullopt;
}

std::optional<DevicePair> UnjoinedAcross(const Platform& platform) {
  const auto classes = Classes(platform);
  for (const auto& [parts_of_a, a] : classes) {
    for (const auto& [parts_of_b, b] : classes) {
      if (Intersect(parts_of_a, parts_of_b)) continue;
      const std::optional<DevicePair> pair = AcrossNodes(platform, a, b);
      if (pair) return std::minmax(pair->first, pair->second);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<DevicePair> FindUnjoined(const Platform& platform) {
  const ShortestPaths paths(platform);
  const auto devices = static_cast<std::uint32_t>(platform.num_devices());
  for (std::uint32_t a = 0; a < devices; ++a) {
    for (std::uint32_t b = a + 1; b < devices; ++b) {
      if (platform.node_of(DeviceId(a)) != platform.node_of(DeviceId(b))) break;
      if (!paths.Reaches(platform.gpu(DeviceId(a)), platform.gpu(DeviceId(b)))) {
        return DevicePair(DeviceId(a), DeviceId(b));
      }
    }
  }
  return UnjoinedAcross(platform);
}

}  // namespace switchyard
