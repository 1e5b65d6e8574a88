#include "topologies/builders/single_node.h"

#include <fmt/format.h>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"

namespace switchyard {

Diagnostics SingleNodeBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodes(spec);
  if (spec.nodes > 1) {
    AddSpecError(errors, "fabric",
                 fmt::format("missing; {} nodes need a fabric between them, e.g. "
                             "'fabric: {{rail_optimized: {{}}}}'",
                             spec.nodes));
  }
  return errors;
}

Platform SingleNodeBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  AddNode(platform, spec.node_spec(0), 0);
  return platform;
}

}  // namespace switchyard
