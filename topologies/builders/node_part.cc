#include "topologies/builders/node_part.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "topologies/builders/explicit_node.h"
#include "topologies/builders/spec_check.h"
#include "topologies/own_nics.h"

namespace switchyard {
namespace {

void CheckMesh(const NodeSpec& spec, const std::string& field, Diagnostics& errors) {
  const NvLinkMeshSpec& mesh = *spec.nvlink_mesh;
  CheckLinkSpec(mesh.link, field, errors);
  CheckAtLeastOne(mesh.links_per_pair, field + ".links_per_pair", errors);
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::size_t i = 0; i < mesh.pairs.size(); ++i) {
    const NvLinkMeshSpec::Pair& pair = mesh.pairs[i];
    const std::string at = fmt::format("{}.pairs[{}]", field, i);
    CheckAtLeastOne(pair.links, at + ".links", errors);
    for (const auto& [name, gpu] : {std::pair("a", pair.a), std::pair("b", pair.b)}) {
      if (gpu < spec.gpus) continue;
      AddSpecError(errors, fmt::format("{}.{}", at, name),
                   fmt::format("{}; the node's GPUs are 0 .. {}", gpu, spec.gpus - 1));
    }
    if (pair.a == pair.b) AddSpecError(errors, at, "joins a GPU to itself");
    if (!seen.insert(std::minmax(pair.a, pair.b)).second) {
      AddSpecError(errors, at,
                   fmt::format("GPUs {} and {} are joined twice; say how many links "
                               "there are with 'links'",
                               pair.a, pair.b));
    }
  }
}

void CheckSockets(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors) {
  CheckAtLeastOne(spec.sockets, prefix + "sockets", errors);
  if (spec.socket_link) CheckLinkSpec(*spec.socket_link, prefix + "socket_link", errors);
  if (spec.sockets <= 1) return;
  if (spec.gpus % spec.sockets != 0) {
    AddSpecError(errors, prefix + "sockets",
                 fmt::format("{} does not divide the {} GPUs of a node", spec.sockets, spec.gpus));
  } else if (spec.gpus_per_pcie_switch > 0 &&
             spec.gpus / spec.sockets % spec.gpus_per_pcie_switch != 0) {
    AddSpecError(errors, prefix + "sockets",
                 fmt::format("{} GPUs of a socket do not fill PCIe switches of {}",
                             spec.gpus / spec.sockets, spec.gpus_per_pcie_switch));
  }
  if (!spec.socket_link && !spec.nvlink && !spec.nvlink_mesh) {
    AddSpecError(errors, prefix + "sockets",
                 fmt::format("nothing joins the {} sockets: neither a link between them "
                             "(socket_link) nor NVLink",
                             spec.sockets));
  }
}

void CheckNics(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors) {
  if (spec.nic) CheckLinkSpec(*spec.nic, prefix + "nic", errors);
  if (spec.nics == 0) return;
  if (!spec.nic) {
    AddSpecError(errors, prefix + "nics",
                 fmt::format("{} NICs, and nothing says what they are (nic)", spec.nics));
  }
  if (spec.gpus > 0 && spec.gpus % spec.nics != 0 && spec.nics % spec.gpus != 0) {
    AddSpecError(
        errors, prefix + "nics",
        fmt::format("{} NICs for {} GPUs; one number must divide the other", spec.nics, spec.gpus));
  }
  if (spec.nics < spec.sockets && !spec.socket_link) {
    AddSpecError(errors, prefix + "nics",
                 fmt::format("{} NICs for {} hosts that only NVLink joins (no socket_link); each "
                             "host needs one",
                             spec.nics, spec.sockets));
  }
}

// The vertices of a node under construction.
struct Parts {
  Platform& platform;
  const NodeSpec& spec;
  std::uint32_t node;
  std::vector<VertexId> gpus = {};
  std::vector<VertexId> hosts = {};
  std::vector<VertexId> memories = {};

  VertexId Add(VertexKind kind, std::uint32_t index) const {
    return platform.AddVertex({kind, node, index});
  }
  void Attach(VertexId a, VertexId b, LinkTier tier, const LinkSpec& link) const {
    platform.AddDuplexLink(a, b, tier, link.bandwidth, link.latency);
  }
};

void AddCable(const Parts& parts, const NvLinkMeshSpec::Pair& pair) {
  LinkSpec link = parts.spec.nvlink_mesh->link;
  link.bandwidth = link.bandwidth * pair.links;
  parts.Attach(parts.gpus[pair.a], parts.gpus[pair.b], LinkTier::kNvLink, link);
}

void AddNvLink(const Parts& parts) {
  if (parts.spec.nvlink) {
    const VertexId plane = parts.Add(VertexKind::kNvSwitch, 0);
    for (const VertexId gpu : parts.gpus) {
      parts.Attach(gpu, plane, LinkTier::kNvLink, *parts.spec.nvlink);
    }
  }
  if (!parts.spec.nvlink_mesh) return;
  const NvLinkMeshSpec& mesh = *parts.spec.nvlink_mesh;
  for (const NvLinkMeshSpec::Pair& pair : mesh.pairs) AddCable(parts, pair);
  if (!mesh.pairs.empty()) return;
  for (std::uint32_t a = 0; a < parts.spec.gpus; ++a) {
    for (std::uint32_t b = a + 1; b < parts.spec.gpus; ++b) {
      AddCable(parts, {a, b, mesh.links_per_pair});
    }
  }
}

std::vector<VertexId> AddPcie(const Parts& parts) {
  const NodeSpec& spec = parts.spec;
  const std::uint32_t num_nics = CountNics(spec);
  std::vector<VertexId> nics;
  VertexId pcie_switch;
  for (std::uint32_t g = 0; g < spec.gpus; ++g) {
    if (g % spec.gpus_per_pcie_switch == 0) {
      pcie_switch = parts.Add(VertexKind::kPcieSwitch, g / spec.gpus_per_pcie_switch);
      const VertexId host = parts.hosts[g / (spec.gpus / spec.sockets)];
      parts.Attach(pcie_switch, host, LinkTier::kPcie, spec.pcie);
    }
    parts.Attach(parts.gpus[g], pcie_switch, LinkTier::kPcie, spec.pcie);
    while (nics.size() < num_nics &&
           GpuOfNic(static_cast<std::uint32_t>(nics.size()), spec.gpus, num_nics) == g) {
      nics.push_back(parts.Add(VertexKind::kNic, static_cast<std::uint32_t>(nics.size())));
      parts.Attach(nics.back(), pcie_switch, LinkTier::kPcie, spec.pcie);
    }
  }
  return nics;
}

void AddHostParts(const Parts& parts) {
  const NodeSpec& spec = parts.spec;
  for (std::uint32_t s = 0; s < spec.sockets; ++s) {
    parts.Attach(parts.memories[s], parts.hosts[s], LinkTier::kHostMemory, spec.host_memory);
    for (std::uint32_t t = 0; spec.socket_link && t < s; ++t) {
      parts.Attach(parts.hosts[t], parts.hosts[s], LinkTier::kSocket, *spec.socket_link);
    }
    if (!spec.ssd) continue;
    parts.Attach(parts.Add(VertexKind::kSsd, s), parts.hosts[s], LinkTier::kSsd, *spec.ssd);
  }
}

}  // namespace

void CheckNode(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors) {
  if (spec.gpus == 0) {
    AddSpecError(errors, prefix + "gpus", "0; a node has at least 1 GPU");
    return;
  }
  if (!spec.links.empty()) {
    CheckExplicitNode(spec, prefix, errors);
    return;
  }
  CheckAtLeastOne(spec.gpus_per_pcie_switch, prefix + "gpus_per_pcie_switch", errors);
  CheckLinkSpec(spec.pcie, prefix + "pcie", errors);
  CheckLinkSpec(spec.host_memory, prefix + "host_memory", errors);
  if (spec.nvlink && spec.nvlink_mesh) {
    AddSpecError(errors, prefix + "nvlink_mesh", "conflicts with 'nvlink'");
  }
  if (spec.nvlink) CheckLinkSpec(*spec.nvlink, prefix + "nvlink", errors);
  if (spec.nvlink_mesh) CheckMesh(spec, prefix + "nvlink_mesh", errors);
  if (spec.ssd) CheckLinkSpec(*spec.ssd, prefix + "ssd", errors);
  CheckSockets(spec, prefix, errors);
  CheckNics(spec, prefix, errors);
}

std::uint32_t CountNics(const NodeSpec& spec) {
  if (!spec.links.empty()) return CountExplicitNics(spec);
  if (!spec.nic) return 0;
  return spec.nics > 0 ? spec.nics : spec.gpus;
}

std::uint64_t CountLinks(const NodeSpec& spec) {
  if (!spec.links.empty()) return spec.links.size();
  const auto pairs = [](std::uint64_t n) { return n * (n - 1) / 2; };
  std::uint64_t links = std::uint64_t{2} * spec.gpus + CountNics(spec);  // PCIe, at most
  if (spec.nvlink) links += spec.gpus;
  if (spec.nvlink_mesh) {
    const std::size_t written = spec.nvlink_mesh->pairs.size();
    links += written > 0 ? written : pairs(spec.gpus);
  }
  if (spec.socket_link) links += pairs(spec.sockets);
  return links + std::uint64_t{2} * spec.sockets;  // memory, SSDs
}

std::vector<VertexId> AddNode(Platform& platform, const NodeSpec& spec, std::uint32_t node) {
  if (!spec.links.empty()) return AddExplicitNode(platform, spec, node);
  Parts parts{platform, spec, node};
  for (std::uint32_t g = 0; g < spec.gpus; ++g)
    parts.gpus.push_back(parts.Add(VertexKind::kGpu, g));
  for (std::uint32_t s = 0; s < spec.sockets; ++s) {
    parts.hosts.push_back(parts.Add(VertexKind::kHostBridge, s));
    parts.memories.push_back(parts.Add(VertexKind::kHostMemory, s));
  }
  // NVLink first: where a path over NVLink is as short as one over PCIe, the lower link id wins.
  AddNvLink(parts);
  std::vector<VertexId> nics = AddPcie(parts);
  AddHostParts(parts);
  return nics;
}

std::vector<NicEnd> AddNodes(Platform& platform, const ClusterSpec& spec) {
  std::vector<NicEnd> ends;
  for (std::uint32_t node = 0; node < spec.nodes; ++node) {
    const NodeSpec& of_node = spec.node_spec(node);
    const std::vector<VertexId> nics = AddNode(platform, of_node, node);
    for (std::uint32_t i = 0; of_node.nic && i < nics.size(); ++i) {
      ends.push_back({nics[i], *of_node.nic, node, i});
    }
  }
  return ends;
}

}  // namespace switchyard
