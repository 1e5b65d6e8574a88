#include "topologies/builders/spec_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "topologies/builder.h"
#include "topologies/builders/node_part.h"

namespace switchyard {
namespace {

void CheckSizes(const ClusterSpec& spec, Diagnostics& errors) {
  if (spec.nodes == 0) AddSpecError(errors, "nodes", "0; a cluster has at least 1 node");
  if (std::uint64_t{spec.nodes} * spec.node.gpus > kMaxDevices) {
    AddSpecError(errors, "nodes",
                 fmt::format("{} nodes of {} GPUs; at most {} GPUs can be simulated", spec.nodes,
                             spec.node.gpus, kMaxDevices));
  }
}

// Sums something of every node; groups beyond the nodes are an error that is reported elsewhere.
template <class OfNode>
std::uint64_t SumOverNodes(const ClusterSpec& spec, OfNode of_node) {
  std::uint64_t sum = 0;
  std::uint64_t left = spec.nodes;
  for (const NodeGroupSpec& group : spec.node_groups) {
    const std::uint64_t count = std::min<std::uint64_t>(group.count, left);
    sum += count * of_node(group.node);
    left -= count;
  }
  return sum + left * of_node(spec.node);
}

void CheckLinks(const ClusterSpec& spec, Diagnostics& errors) {
  const std::uint64_t links = SumOverNodes(spec, CountLinks);
  if (links <= kMaxNodeLinks) return;
  AddSpecError(errors, "nodes",
               fmt::format("{} nodes have {} links inside them; at most {} can be simulated",
                           spec.nodes, links, kMaxNodeLinks));
}

void CheckGroups(const ClusterSpec& spec, Diagnostics& errors) {
  if (spec.node_groups.size() > kMaxNodeGroups) {
    AddSpecError(errors, "node_groups",
                 fmt::format("{} groups; at most {}", spec.node_groups.size(), kMaxNodeGroups));
    return;
  }
  std::uint64_t grouped = 0;
  for (std::size_t i = 0; i < spec.node_groups.size(); ++i) {
    const NodeGroupSpec& group = spec.node_groups[i];
    const std::string field = fmt::format("node_groups[{}].", i);
    grouped += group.count;
    CheckAtLeastOne(group.count, field + "count", errors);
    if (group.node.gpus != spec.node.gpus) {
      AddSpecError(errors, field + "node.gpus",
                   fmt::format("{}; every node needs the same number of GPUs, {} here, because a "
                               "step runs the same program on every device",
                               group.node.gpus, spec.node.gpus));
    }
    CheckNode(group.node, field + "node.", errors);
  }
  if (grouped > spec.nodes) {
    AddSpecError(errors, "node_groups",
                 fmt::format("{} nodes in groups, but the cluster has {} (cluster.nodes)", grouped,
                             spec.nodes));
  }
}

}  // namespace

void AddSpecError(Diagnostics& errors, std::string_view field, std::string message) {
  Diagnostic error;
  error.path = fmt::format("cluster.{}", field);
  error.message = std::move(message);
  errors.push_back(std::move(error));
}

void CheckLatency(Seconds latency, const std::string& field, Diagnostics& errors) {
  if (std::isfinite(latency.value) && latency.value >= 0) return;
  AddSpecError(errors, field, fmt::format("{} s; must not be negative", latency.value));
}

void CheckLinkSpec(const LinkSpec& link, const std::string& field, Diagnostics& errors) {
  if (!std::isfinite(link.bandwidth.value) || link.bandwidth.value <= 0) {
    AddSpecError(errors, field + ".bandwidth",
                 fmt::format("{} B/s; must be above 0", link.bandwidth.value));
  }
  CheckLatency(link.latency, field + ".latency", errors);
}

void CheckAtLeastOne(std::uint32_t value, const std::string& field, Diagnostics& errors) {
  if (value == 0) AddSpecError(errors, field, "0; must be at least 1");
}

void CheckOversubscription(double value, const std::string& field, Diagnostics& errors) {
  if (std::isfinite(value) && value >= 1) return;
  AddSpecError(errors, field, fmt::format("{}; must be at least 1", value));
}

Diagnostics CheckNodes(const ClusterSpec& spec) {
  Diagnostics errors;
  CheckSizes(spec, errors);
  CheckNode(spec.node, "node.", errors);
  CheckGroups(spec, errors);
  if (errors.empty()) CheckLinks(spec, errors);
  return errors;
}

std::uint64_t CountAllNics(const ClusterSpec& spec) { return SumOverNodes(spec, CountNics); }

Diagnostics CheckNodesWithNics(const ClusterSpec& spec) {
  Diagnostics errors = CheckNodes(spec);
  const auto check = [&](const NodeSpec& node, const std::string& field) {
    const std::string need = fmt::format("{} nodes need NICs to reach each other", spec.nodes);
    if (!node.nic) {
      AddSpecError(errors, field + "nic", "missing; " + need);
    } else if (CountNics(node) == 0) {
      AddSpecError(errors, field + "links", "name no NIC; " + need);
    }
  };
  check(spec.node, "node.");
  for (std::size_t i = 0; i < spec.node_groups.size(); ++i) {
    check(spec.node_groups[i].node, fmt::format("node_groups[{}].node.", i));
  }
  return errors;
}

}  // namespace switchyard
