#include "topologies/import/complete.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "topologies/import/card_node.h"
#include "topologies/import/nccl_rates.h"
#include "topologies/vertex_name.h"

namespace switchyard {
namespace {

// The GPU of "gpu3", or the plane: all NVSwitches are one.
std::optional<std::size_t> EndOf(Machine& machine, const std::string& name) {
  const std::optional<Vertex> vertex = ParseLocalName(name, 0);
  if (!vertex) return std::nullopt;
  if (vertex->kind == VertexKind::kGpu && vertex->index < machine.gpus.size()) {
    return machine.gpus[vertex->index];
  }
  if (vertex->kind != VertexKind::kNvSwitch) return std::nullopt;
  for (std::size_t v = 0; v < machine.vertices.size(); ++v) {
    if (machine.vertices[v].kind == VertexKind::kNvSwitch) return v;
  }
  return machine.Add({VertexKind::kNvSwitch, std::nullopt, "NVSwitch", {}, {}});
}

// GPUs of the file are those of the card in the same order.
void AddCardsNvLinks(Machine& machine, const CardNode& node, const std::string& card) {
  bool one_plane = true;
  for (const NamedLinkSpec& link : node.nvlinks) {
    auto a = EndOf(machine, link.a);
    auto b = EndOf(machine, link.b);
    if (!a || !b) continue;  // NVLink to a CPU
    if (machine.vertices[*a].kind == VertexKind::kNvSwitch) std::swap(a, b);
    one_plane = one_plane && machine.vertices[*b].kind == VertexKind::kNvSwitch;
    const auto same = [&](const MachineLink& l) { return l.a == *a && l.b == *b; };
    const auto known = std::find_if(machine.links.begin(), machine.links.end(), same);
    if (known != machine.links.end()) {  // to another NVSwitch
      known->rate.value += link.link.bandwidth;
    } else {
      machine.links.push_back({*a, *b, LinkTier::kNvLink, {link.link.bandwidth, "card " + card}});
    }
  }
  machine.assumptions.push_back(
      one_plane
          ? fmt::format("every GPU is on one NVSwitch plane, as in card {}", card)
          : fmt::format("NVLink joins the GPUs as in card {}, in the order of the file", card));
}

std::string Fitting(const Machine& machine) {
  return machine.fitting_card.empty() ? "" : ", e.g. " + machine.fitting_card;
}

void AddNvLink(Machine& machine, const std::string& file, const Completion& by,
               Diagnostics& errors) {
  if (by.card == nullptr && machine.nvlink == Machine::NvLink::kNone) {
    machine.assumptions.emplace_back(
        "no NVLink between the GPUs, as the file lists none (if it was written by hand, NCCL asks "
        "the driver: --complete-from)");
    return;
  }
  if (by.card == nullptr) {
    errors.push_back(FileError(
        file,
        "says nothing about the GPUs' NVLink (no <gpu> rows; NCCL asks the driver when it "
        "runs); name a card of this machine with --complete-from" +
            Fitting(machine)));
    return;
  }
  const CardNode node = ReadCardNode(by.card->node);
  if (node.nvlinks.empty()) {
    machine.assumptions.push_back(
        fmt::format("no NVLink between the GPUs, as in card {}", by.card_name));
    return;
  }
  if (by.card->node.gpus != machine.gpus.size()) {
    errors.push_back(FileError(
        file, fmt::format("has {} GPUs, a node of card {} has {}; name a card of this machine",
                          machine.gpus.size(), by.card_name, by.card->node.gpus)));
    return;
  }
  AddCardsNvLinks(machine, node, by.card_name);
}

std::optional<SourcedRate> PcieRate(const Completion& by) {
  if (by.pcie_generation) return NcclPcieGeneration(*by.pcie_generation);
  if (by.card == nullptr) return std::nullopt;
  const std::optional<LinkSpec> pcie = ReadCardNode(by.card->node).pcie;
  if (!pcie) return std::nullopt;
  return SourcedRate{pcie->bandwidth, "card " + by.card_name};
}

void AddPcie(Machine& machine, const std::string& file, const Completion& by, Diagnostics& errors) {
  const auto lacks = [](const MachineVertex& v) { return v.parent && !v.upwards; };
  const auto missing = std::count_if(machine.vertices.begin(), machine.vertices.end(), lacks);
  if (missing == 0) return;
  const std::optional<SourcedRate> rate = PcieRate(by);
  if (!rate) {
    errors.push_back(FileError(file, fmt::format("has no speed for {} PCIe links; give "
                                                 "--complete-from CARD or --pcie-gen N",
                                                 missing)));
    return;
  }
  for (MachineVertex& vertex : machine.vertices) {
    if (lacks(vertex)) vertex.upwards = rate;
  }
  machine.assumptions.push_back(
      fmt::format("{} PCIe links without a speed in the file have {:g} "
                  "GB/s, {}",
                  missing, rate->value.value / 1e9, rate->origin));
}

void AddPorts(Machine& machine, const Completion& by) {
  if (by.card == nullptr || !by.card->node.nic) return;
  for (const std::size_t nic : machine.nics) {
    std::optional<SourcedRate>& port = machine.vertices[nic].port;
    if (!port) port = SourcedRate{by.card->node.nic->bandwidth, "card " + by.card_name};
  }
}

}  // namespace

Result<void> Complete(Machine& machine, const std::string& file, const Completion& by) {
  Diagnostics errors;
  if (machine.nvlink != Machine::NvLink::kListed) AddNvLink(machine, file, by, errors);
  AddPcie(machine, file, by, errors);
  AddPorts(machine, by);
  if (!errors.empty()) return errors;
  if (by.card != nullptr && !machine.gpu_model.empty() && machine.fitting_card != by.card_name) {
    machine.assumptions.push_back(
        fmt::format("what the GPUs compute is that of {} (card {}); the "
                    "file's GPUs are {}",
                    by.card->device.name, by.card_name, machine.gpu_model));
  } else if (by.card != nullptr) {
    machine.assumptions.push_back(fmt::format("what the GPUs compute is that of {} (card {})",
                                              by.card->device.name, by.card_name));
  }
  return {};
}

}  // namespace switchyard
