#include "topologies/builders/node_part.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "topologies/builder.h"

namespace switchyard {
namespace {

void CheckLink(const LinkSpec& link, const std::string& field, Diagnostics& errors) {
  if (!std::isfinite(link.bandwidth.value) || link.bandwidth.value <= 0) {
    AddSpecError(errors, field + ".bandwidth",
                 fmt::format("{} B/s; must be above 0", link.bandwidth.value));
  }
  if (!std::isfinite(link.latency.value) || link.latency.value < 0) {
    AddSpecError(errors, field + ".latency",
                 fmt::format("{} s; must not be negative", link.latency.value));
  }
}

}  // namespace

void AddSpecError(Diagnostics& errors, std::string_view field, std::string message) {
  Diagnostic error;
  error.path = fmt::format("cluster.{}", field);
  error.message = std::move(message);
  errors.push_back(std::move(error));
}

Diagnostics CheckNodeSpec(const ClusterSpec& spec) {
  Diagnostics errors;
  const NodeSpec& node = spec.node;
  if (spec.nodes == 0) AddSpecError(errors, "nodes", "0; a cluster has at least 1 node");
  if (node.gpus == 0) AddSpecError(errors, "node.gpus", "0; a node has at least 1 GPU");
  if (node.gpus_per_pcie_switch == 0) {
    AddSpecError(errors, "node.gpus_per_pcie_switch", "0; must be at least 1");
  }
  if (std::uint64_t{spec.nodes} * node.gpus > kMaxDevices) {
    AddSpecError(errors, "nodes",
                 fmt::format("{} nodes of {} GPUs; at most {} GPUs can be simulated", spec.nodes,
                             node.gpus, kMaxDevices));
  }
  CheckLink(node.pcie, "node.pcie", errors);
  CheckLink(node.host_memory, "node.host_memory", errors);
  if (node.nvlink) CheckLink(*node.nvlink, "node.nvlink", errors);
  if (node.nic) CheckLink(*node.nic, "node.nic", errors);
  if (node.ssd) CheckLink(*node.ssd, "node.ssd", errors);
  return errors;
}

std::vector<VertexId> AddNode(Platform& platform, const NodeSpec& spec, std::uint32_t node) {
  const auto attach = [&platform](VertexId a, VertexId b, LinkTier tier, const LinkSpec& link) {
    platform.AddDuplexLink(a, b, tier, link.bandwidth, link.latency);
  };
  std::vector<VertexId> gpus;
  for (std::uint32_t g = 0; g < spec.gpus; ++g) {
    gpus.push_back(platform.AddVertex({VertexKind::kGpu, node, g}));
  }
  const VertexId host = platform.AddVertex({VertexKind::kHostBridge, node, 0});
  const VertexId memory = platform.AddVertex({VertexKind::kHostMemory, node, 0});
  // NVLink first: where a path over NVLink is as short as one over PCIe, the lower link id wins.
  if (spec.nvlink) {
    const VertexId plane = platform.AddVertex({VertexKind::kNvSwitch, node, 0});
    for (const VertexId gpu : gpus) attach(gpu, plane, LinkTier::kNvLink, *spec.nvlink);
  }
  std::vector<VertexId> nics;
  VertexId pcie_switch;
  for (std::uint32_t g = 0; g < spec.gpus; ++g) {
    if (g % spec.gpus_per_pcie_switch == 0) {
      const std::uint32_t index = g / spec.gpus_per_pcie_switch;
      pcie_switch = platform.AddVertex({VertexKind::kPcieSwitch, node, index});
      attach(pcie_switch, host, LinkTier::kPcie, spec.pcie);
    }
    attach(gpus[g], pcie_switch, LinkTier::kPcie, spec.pcie);
    if (!spec.nic) continue;
    nics.push_back(platform.AddVertex({VertexKind::kNic, node, g}));
    attach(nics.back(), pcie_switch, LinkTier::kPcie, spec.pcie);
  }
  attach(memory, host, LinkTier::kHostMemory, spec.host_memory);
  if (spec.ssd) {
    attach(platform.AddVertex({VertexKind::kSsd, node, 0}), host, LinkTier::kSsd, *spec.ssd);
  }
  return nics;
}

}  // namespace switchyard
