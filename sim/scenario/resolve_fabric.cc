#include "scenarios/schema/cluster.pb.h"
#include "sim/base/check.h"
#include "sim/scenario/resolve_parts.h"

namespace switchyard {
namespace {

LinkSpec ToLink(const pb::LinkClass& link) {
  return {BytesPerSecond{link.bandwidth()}, Seconds{link.latency()}};
}

DragonflySpec ToDragonfly(const pb::Fabric::Dragonfly& from) {
  return {from.groups(),
          from.routers_per_group(),
          from.nics_per_router(),
          from.links_per_group_pair(),
          ToLink(from.local_link()),
          ToLink(from.global_link())};
}

ExplicitFabricSpec ToExplicit(const pb::Fabric::Explicit& from) {
  ExplicitFabricSpec fabric{from.switches(), {}};
  for (const auto& edge : from.links()) {
    fabric.links.push_back(
        {edge.a(), edge.b(), {BytesPerSecond{edge.bandwidth()}, Seconds{edge.latency()}}});
  }
  return fabric;
}

}  // namespace

FabricSpec ToFabric(const pb::Fabric& fabric) {
  switch (fabric.kind_case()) {
    case pb::Fabric::kRailOptimized: {
      const pb::Fabric::RailOptimized& from = fabric.rail_optimized();
      return RailOptimizedSpec{from.nodes_per_unit(), from.oversubscription(),
                               Seconds{from.spine_latency()}, from.rails()};
    }
    case pb::Fabric::kFatTree: {
      const pb::Fabric::FatTree& from = fabric.fat_tree();
      return FatTreeSpec{from.radix(), from.oversubscription(), Seconds{from.switch_latency()}};
    }
    case pb::Fabric::kDragonfly:
      return ToDragonfly(fabric.dragonfly());
    case pb::Fabric::kTorus: {
      const pb::Fabric::Torus& from = fabric.torus();
      return TorusSpec{{from.dimensions().begin(), from.dimensions().end()}, ToLink(from.link())};
    }
    case pb::Fabric::kExplicit:
      return ToExplicit(fabric.explicit_());
    case pb::Fabric::KIND_NOT_SET:
      break;
  }
  SWITCHYARD_CHECK(false, "a fabric of no kind");
  return RailOptimizedSpec{};
}

}  // namespace switchyard
