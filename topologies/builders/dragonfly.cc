#include "topologies/builders/dragonfly.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"

namespace switchyard {
namespace {

// Links in all; a dragonfly of the largest size that is simulated has fewer.
constexpr std::uint64_t kMaxRouterLinks = std::uint64_t{1} << 20;

const DragonflySpec& FabricOf(const ClusterSpec& spec) {
  return std::get<DragonflySpec>(*spec.fabric);
}

std::uint64_t NumRouters(const DragonflySpec& fabric) {
  return std::uint64_t{fabric.groups} * fabric.routers_per_group;
}

void CheckShape(const ClusterSpec& spec, Diagnostics& errors) {
  const DragonflySpec& fabric = FabricOf(spec);
  const std::string field = "fabric.dragonfly.";
  const std::uint64_t routers = NumRouters(fabric);
  const std::uint64_t pairs = std::uint64_t{fabric.groups} * (fabric.groups - 1) / 2;
  const std::uint64_t links =
      routers * (fabric.routers_per_group - 1) / 2 + pairs * fabric.links_per_group_pair;
  if (routers > kMaxSwitches || links > kMaxRouterLinks) {
    AddSpecError(
        errors, field + "groups",
        fmt::format("{} groups of {} routers; at most {} routers and {} links between "
                    "them can be simulated",
                    fabric.groups, fabric.routers_per_group, kMaxSwitches, kMaxRouterLinks));
    return;
  }
  const std::uint64_t nics = CountAllNics(spec);
  if (nics > routers * fabric.nics_per_router) {
    AddSpecError(errors, field + "nics_per_router",
                 fmt::format("{} NICs do not fit: {} routers with {} each take {}", nics, routers,
                             fabric.nics_per_router, routers * fabric.nics_per_router));
  }
}

// How many global links join two routers, of the first group's and the second's, first < second.
using GlobalLinks = std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t>;

GlobalLinks PlanGlobalLinks(const DragonflySpec& fabric) {
  const std::uint32_t groups = fabric.groups;
  const std::uint32_t ports = (groups - 1) * fabric.links_per_group_pair;
  const auto router_of = [&](std::uint32_t group, std::uint32_t round, std::uint32_t offset) {
    const std::uint32_t port = round * (groups - 1) + offset - 1;
    const auto place =
        static_cast<std::uint32_t>(std::uint64_t{port} * fabric.routers_per_group / ports);
    return group * fabric.routers_per_group + place;
  };
  GlobalLinks links;
  for (std::uint32_t a = 0; a < groups; ++a) {
    for (std::uint32_t b = a + 1; b < groups; ++b) {
      for (std::uint32_t round = 0; round < fabric.links_per_group_pair; ++round) {
        ++links[{router_of(a, round, b - a), router_of(b, round, groups - (b - a))}];
      }
    }
  }
  return links;
}

void AddLocalLinks(Platform& platform, const DragonflySpec& fabric,
                   const std::vector<VertexId>& routers) {
  const std::uint32_t size = fabric.routers_per_group;
  for (std::uint32_t r = 0; r < routers.size(); ++r) {
    const std::uint32_t group_end = (r / size + 1) * size;
    for (std::uint32_t other = r + 1; other < group_end; ++other) {
      platform.AddDuplexLink(routers[r], routers[other], LinkTier::kLocal,
                             fabric.local_link.bandwidth, fabric.local_link.latency);
    }
  }
}

}  // namespace

Diagnostics DragonflyBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodesWithNics(spec);
  const DragonflySpec& fabric = FabricOf(spec);
  const std::string field = "fabric.dragonfly.";
  CheckAtLeastOne(fabric.groups, field + "groups", errors);
  CheckAtLeastOne(fabric.routers_per_group, field + "routers_per_group", errors);
  CheckAtLeastOne(fabric.nics_per_router, field + "nics_per_router", errors);
  CheckAtLeastOne(fabric.links_per_group_pair, field + "links_per_group_pair", errors);
  CheckLinkSpec(fabric.local_link, field + "local_link", errors);
  CheckLinkSpec(fabric.global_link, field + "global_link", errors);
  if (errors.empty()) CheckShape(spec, errors);
  return errors;
}

Platform DragonflyBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  const DragonflySpec& fabric = FabricOf(spec);
  const std::vector<NicEnd> nics = AddNodes(platform, spec);
  std::vector<VertexId> routers;
  for (std::uint32_t r = 0; r < NumRouters(fabric); ++r) {
    routers.push_back(platform.AddVertex({VertexKind::kRouter, kNoNode, r}));
  }
  for (std::size_t i = 0; i < nics.size(); ++i) {
    platform.AddDuplexLink(nics[i].nic, routers[i / fabric.nics_per_router], LinkTier::kNic,
                           nics[i].link.bandwidth, nics[i].link.latency);
  }
  AddLocalLinks(platform, fabric, routers);
  for (const auto& [ends, count] : PlanGlobalLinks(fabric)) {
    platform.AddDuplexLink(routers[ends.first], routers[ends.second], LinkTier::kGlobal,
                           fabric.global_link.bandwidth * count, fabric.global_link.latency);
  }
  return platform;
}

}  // namespace switchyard
