#include "topologies/import/card_node.h"

#include <string>

namespace switchyard {
namespace {

std::string Gpu(std::uint32_t index) { return "gpu" + std::to_string(index); }

NamedLinkSpec Cable(const NvLinkMeshSpec& mesh, std::uint32_t a, std::uint32_t b,
                    std::uint32_t links) {
  return {Gpu(a),
          Gpu(b),
          LinkTier::kNvLink,
          {mesh.link.bandwidth * static_cast<double>(links), mesh.link.latency}};
}

bool IsGpu(const std::string& name) { return name.compare(0, 3, "gpu") == 0; }

// To a GPU or an NVSwitch, not to a CPU.
bool IsGpuLink(const NamedLinkSpec& link) {
  const auto fits = [](const std::string& name) {
    return IsGpu(name) || name.compare(0, 8, "nvswitch") == 0;
  };
  return fits(link.a) && fits(link.b);
}

std::vector<NamedLinkSpec> NvLinksOf(const NodeSpec& node) {
  std::vector<NamedLinkSpec> links;
  for (const NamedLinkSpec& link : node.links) {
    if (link.tier == LinkTier::kNvLink && IsGpuLink(link)) links.push_back(link);
  }
  for (std::uint32_t g = 0; node.nvlink && g < node.gpus; ++g) {
    links.push_back({Gpu(g), "nvswitch", LinkTier::kNvLink, *node.nvlink});
  }
  if (!node.nvlink_mesh) return links;
  const NvLinkMeshSpec& mesh = *node.nvlink_mesh;
  for (const auto& pair : mesh.pairs) links.push_back(Cable(mesh, pair.a, pair.b, pair.links));
  for (std::uint32_t a = 0; mesh.pairs.empty() && a < node.gpus; ++a) {
    for (std::uint32_t b = a + 1; b < node.gpus; ++b) {
      links.push_back(Cable(mesh, a, b, mesh.links_per_pair));
    }
  }
  return links;
}

// What GPU 0 has of a tier, its links together; the latency is that of the first.
std::optional<LinkSpec> OfFirstGpu(const std::vector<NamedLinkSpec>& links, LinkTier tier) {
  std::optional<LinkSpec> sum;
  for (const NamedLinkSpec& link : links) {
    if (link.tier != tier || (link.a != "gpu0" && link.b != "gpu0")) continue;
    const bool direct = IsGpu(link.a) && IsGpu(link.b);
    if (!sum) sum = LinkSpec{{}, link.link.latency * (direct ? 0.5 : 1.0)};
    sum->bandwidth += link.link.bandwidth;
  }
  return sum;
}

std::optional<LinkSpec> Together(const std::vector<NamedLinkSpec>& links, LinkTier tier) {
  std::optional<LinkSpec> sum;
  for (const NamedLinkSpec& link : links) {
    if (link.tier != tier) continue;
    if (!sum) sum = LinkSpec{{}, link.link.latency};
    sum->bandwidth += link.link.bandwidth;
  }
  return sum;
}

}  // namespace

CardNode ReadCardNode(const NodeSpec& node) {
  CardNode card;
  card.nvlinks = NvLinksOf(node);
  card.nvlink = OfFirstGpu(card.nvlinks, LinkTier::kNvLink);
  if (!node.links.empty()) {
    card.pcie = OfFirstGpu(node.links, LinkTier::kPcie);
    card.host_memory = Together(node.links, LinkTier::kHostMemory);
    card.ssd = Together(node.links, LinkTier::kSsd);
    card.host_memory_capacity = node.host_memory_capacity;
    return card;
  }
  const auto sockets = static_cast<double>(node.sockets);
  card.pcie = node.pcie;
  card.host_memory = LinkSpec{node.host_memory.bandwidth * sockets, node.host_memory.latency};
  if (node.ssd) card.ssd = LinkSpec{node.ssd->bandwidth * sockets, node.ssd->latency};
  card.host_memory_capacity = node.host_memory_capacity * sockets;
  return card;
}

}  // namespace switchyard
