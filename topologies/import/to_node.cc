#include "topologies/import/to_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "sim/base/check.h"
#include "topologies/import/card_node.h"
#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

class ClusterMaker {
 public:
  ClusterMaker(const Machine& machine, const Completion& by) : machine_(machine), by_(by) {
    imported_.card = by.card == nullptr ? "" : by.card_name;
    imported_.format = machine.format;
    imported_.found = machine.found;
    imported_.assumptions = machine.assumptions;
  }

  ImportedCluster Make(const std::string& name) {
    NameVertices();
    ClusterSpec& spec = imported_.spec;
    spec.name = name;
    spec.node.gpus = static_cast<std::uint32_t>(machine_.gpus.size());
    // The rail-aware selector needs one host bridge and a flat PCIe tree.
    spec.paths = PathSelection::kShortest;
    if (by_.card != nullptr) {
      spec.device = by_.card->device;
      card_ = ReadCardNode(by_.card->node);
    }
    // NVLink first: of two paths with as many links the lower link ids win.
    for (const bool nvlink : {true, false}) {
      for (const MachineLink& link : machine_.links) {
        if ((link.tier == LinkTier::kNvLink) == nvlink) AddLink(link);
      }
    }
    for (std::size_t v = 0; v < machine_.vertices.size(); ++v) AddUpwards(v);
    AddHostMemory();
    AddSsd();
    AddPorts();
    AddNotes();
    return std::move(imported_);
  }

 private:
  void NameVertices() {
    names_.resize(machine_.vertices.size());
    const auto number = [this](const std::vector<std::size_t>& vertices, const char* kind) {
      for (std::size_t i = 0; i < vertices.size(); ++i) {
        names_[vertices[i]] = kind + std::to_string(i);
      }
    };
    number(machine_.gpus, "gpu");
    number(machine_.nics, "nic");
    for (std::size_t i = 0; i < machine_.hosts.size(); ++i) {
      names_[machine_.hosts[i]] = HostName(i);
    }
    std::size_t switches = 0;
    for (std::size_t v = 0; v < machine_.vertices.size(); ++v) {
      const VertexKind kind = machine_.vertices[v].kind;
      if (kind == VertexKind::kPcieSwitch) names_[v] = "pcie" + std::to_string(switches++);
      if (kind == VertexKind::kNvSwitch) names_[v] = "nvswitch";
      SWITCHYARD_CHECK(!names_[v].empty(), "a vertex that no list of the machine holds");
    }
  }

  static std::string HostName(std::size_t i) {
    return i == 0 ? "host" : "host" + std::to_string(i);
  }

  void Add(NamedLinkSpec link, const std::string& origin) {
    joined_.insert(std::minmax(link.a, link.b));
    imported_.spec.node.links.push_back(std::move(link));
    imported_.link_origins.push_back(
        origin == latency_origin_ ? origin : origin + "; latency: " + latency_origin_);
  }

  void AddLink(const MachineLink& link) {
    const bool direct = machine_.vertices[link.b].kind == VertexKind::kGpu;
    const Seconds latency =
        link.tier == LinkTier::kNvLink ? NvLinkLatency() * (direct ? 2 : 1) : PcieLatency();
    Add({names_[link.a], names_[link.b], link.tier, {link.rate.value, latency}}, link.rate.origin);
  }

  void AddUpwards(std::size_t v) {
    const MachineVertex& vertex = machine_.vertices[v];
    if (!vertex.parent) return;
    const std::string& parent = names_[*vertex.parent];
    if (joined_.count(std::minmax(names_[v], parent)) > 0) {
      imported_.assumptions.push_back(fmt::format(
          "{} reaches {} over NVLink or C2C; its PCIe link there is left out", names_[v], parent));
      return;
    }
    SWITCHYARD_CHECK(vertex.upwards.has_value(), "a link without a rate after completion");
    Add({names_[v], parent, LinkTier::kPcie, {vertex.upwards->value, PcieLatency()}},
        vertex.upwards->origin);
  }

  void AddHostMemory() {
    const auto hosts = static_cast<double>(machine_.hosts.size());
    LinkSpec memory{kNcclLocal, {}};
    std::string origin = "not in the file: no limit (NCCL's LOC_BW)";
    if (card_.host_memory) {
      memory = {card_.host_memory->bandwidth / hosts, card_.host_memory->latency};
      origin = "card " + by_.card_name;
      if (hosts > 1) origin += fmt::format(", shared by {} host bridges", hosts);
    }
    if (by_.card != nullptr) {
      imported_.spec.node.host_memory_capacity = card_.host_memory_capacity;
    } else {
      latency_origin_ = "not in the file";
      imported_.assumptions.emplace_back(
          "host memory and what the GPUs compute are not in the file; a card takes them from "
          "--complete-from");
    }
    for (std::size_t i = 0; i < machine_.hosts.size(); ++i) {
      Add({"dram", HostName(i), LinkTier::kHostMemory, memory}, origin);
    }
  }

  void AddSsd() {
    if (!card_.ssd) return;
    Add({"ssd", HostName(0), LinkTier::kSsd, *card_.ssd}, "card " + by_.card_name);
    if (machine_.hosts.size() > 1) {
      imported_.assumptions.emplace_back("the SSDs are on the first host bridge");
    }
  }

  // One figure for all ports: the fastest.
  void AddPorts() {
    NodeSpec& node = imported_.spec.node;
    for (const std::size_t nic : machine_.nics) {
      const std::optional<SourcedRate>& port = machine_.vertices[nic].port;
      if (!port || (node.nic && node.nic->bandwidth >= port->value)) continue;
      const bool from_card = by_.card != nullptr && by_.card->node.nic;
      node.nic =
          LinkSpec{port->value, from_card ? by_.card->node.nic->latency : kNcclNetLatency / 2};
      imported_.nic_origin = port->origin;
    }
  }

  void AddNotes() {
    std::vector<std::string>& notes = imported_.assumptions;
    notes.push_back(by_.card != nullptr
                        ? fmt::format("latencies are those of card {}", by_.card_name)
                        : "latencies are NCCL's (tuning.cc, hwLat): 0.6 us from GPU to GPU over "
                          "NVLink, 1 us over PCIe");
    if (machine_.hosts.size() > 1) {
      notes.emplace_back("flows take the fewest links, from CPU to CPU too");
    }
    if (!machine_.nics.empty() && machine_.nics.size() != machine_.gpus.size()) {
      notes.push_back(fmt::format("{} for {}: not one for each",
                                  Several(machine_.nics.size(), "NIC"),
                                  Several(machine_.gpus.size(), "GPU")));
    }
  }

  [[nodiscard]] Seconds NvLinkLatency() const {
    return card_.nvlink ? card_.nvlink->latency : kNcclNvLinkLatency / 2;
  }
  [[nodiscard]] Seconds PcieLatency() const {
    return card_.pcie ? card_.pcie->latency : kNcclPcieLatency / 2;
  }

  const Machine& machine_;
  const Completion& by_;
  CardNode card_;  // nothing without a card
  ImportedCluster imported_;
  std::vector<std::string> names_;  // as machine_.vertices: "gpu3"
  std::set<std::pair<std::string, std::string>> joined_;
  std::string latency_origin_ = by_.card == nullptr ? "NCCL" : "card " + by_.card_name;
};

}  // namespace

ImportedCluster ToCluster(const Machine& machine, const Completion& by, const std::string& name) {
  return ClusterMaker(machine, by).Make(name);
}

}  // namespace switchyard
