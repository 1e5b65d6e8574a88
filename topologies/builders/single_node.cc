#include "topologies/builders/single_node.h"

#include <fmt/format.h>

#include "topologies/builders/explicit_node.h"
#include "topologies/builders/node_part.h"

namespace switchyard {

Result<Platform> SingleNodeBuilder::Build(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodeSpec(spec);
  if (spec.nodes > 1) {
    AddSpecError(errors, "fabric",
                 fmt::format("missing; {} nodes need a fabric between them, e.g. "
                             "'fabric: {{rail_optimized: {{}}}}'",
                             spec.nodes));
  }
  if (!errors.empty()) return errors;
  Platform platform;
  if (spec.node.links.empty()) {
    AddNode(platform, spec.node, 0);
  } else if (const auto nics = AddExplicitNode(platform, spec.node, 0); !nics.ok()) {
    return nics.errors();
  }
  return platform;
}

}  // namespace switchyard
