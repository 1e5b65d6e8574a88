// The table of topology builders, and which of them a spec means.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <variant>

#include "topologies/builder.h"
#include "topologies/builders/dragonfly.h"
#include "topologies/builders/explicit_fabric.h"
#include "topologies/builders/fat_tree.h"
#include "topologies/builders/joined.h"
#include "topologies/builders/rail_optimized.h"
#include "topologies/builders/single_node.h"
#include "topologies/builders/spec_check.h"
#include "topologies/builders/torus.h"

namespace switchyard {
namespace {

const SingleNodeBuilder kSingleNode;
const RailOptimizedBuilder kRailOptimized;
const FatTreeBuilder kFatTree;
const DragonflyBuilder kDragonfly;
const TorusBuilder kTorus;
const ExplicitFabricBuilder kExplicit;

// The single node, then as the alternatives of FabricSpec.
constexpr std::array<const TopologyBuilder*, std::variant_size_v<FabricSpec> + 1> kBuilders = {
    &kSingleNode, &kRailOptimized, &kFatTree, &kDragonfly, &kTorus, &kExplicit};

const TopologyBuilder& BuilderOf(const ClusterSpec& spec) {
  if (!spec.fabric) return kSingleNode;
  // A fabric in the card of a cluster of one node joins nothing, unless it joins the chips.
  const bool joins = spec.nodes > 1 || std::holds_alternative<TorusSpec>(*spec.fabric);
  return joins ? *kBuilders[spec.fabric->index() + 1] : kSingleNode;
}

bool MayBeApart(const NodeSpec& node) {
  const bool mesh = node.nvlink_mesh && !node.nvlink_mesh->pairs.empty();
  return mesh && node.sockets > 1 && !node.socket_link;
}

bool HasWrittenLinks(const ClusterSpec& spec) {
  const bool in_group =
      std::any_of(spec.node_groups.begin(), spec.node_groups.end(), [](const NodeGroupSpec& group) {
        return !group.node.links.empty() || MayBeApart(group.node);
      });
  return in_group || !spec.node.links.empty() || MayBeApart(spec.node) ||
         (spec.fabric && std::holds_alternative<ExplicitFabricSpec>(*spec.fabric));
}

Diagnostics CheckWithBuilder(const ClusterSpec& spec) {
  Diagnostics errors = BuilderOf(spec).Check(spec);
  if (HasWrittenLinks(spec) && errors.empty() && spec.NumDevices() > kMaxWrittenOutDevices) {
    AddSpecError(errors, "nodes",
                 fmt::format("{} GPUs; a cluster written out in links has at most {}",
                             spec.NumDevices(), kMaxWrittenOutDevices));
  }
  return errors;
}

Diagnostics CheckJoined(const ClusterSpec& spec, const Platform& platform) {
  Diagnostics errors;
  if (!HasWrittenLinks(spec)) return errors;
  if (const auto pair = FindUnjoined(platform)) {
    const bool inside = platform.node_of(pair->first) == platform.node_of(pair->second);
    AddSpecError(errors, inside || !spec.fabric ? "node.links" : "fabric",
                 fmt::format("no path joins {} and {}: paths do not pass through memories or other "
                             "nodes, and through GPUs only over NVLink",
                             platform.VertexName(platform.gpu(pair->first)),
                             platform.VertexName(platform.gpu(pair->second))));
  }
  return errors;
}

}  // namespace

std::span<const TopologyBuilder* const> TopologyBuilders() { return kBuilders; }

Result<Platform> BuildPlatform(const ClusterSpec& spec) {
  Diagnostics errors = CheckWithBuilder(spec);
  if (!errors.empty()) return errors;
  Platform platform = BuilderOf(spec).Build(spec);
  errors = CheckJoined(spec, platform);
  if (!errors.empty()) return errors;
  return platform;
}

Diagnostics CheckClusterSpec(const ClusterSpec& spec) {
  if (!HasWrittenLinks(spec)) return CheckWithBuilder(spec);
  const Result<Platform> platform = BuildPlatform(spec);
  return platform.ok() ? Diagnostics{} : platform.errors();
}

}  // namespace switchyard
