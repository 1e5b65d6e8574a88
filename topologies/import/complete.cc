#include "topologies/import/complete.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

// The index of "gpu3"; absent for other names.
std::optional<std::size_t> GpuNumber(const std::string& name) {
  if (name.size() < 4 || name.size() > 7 || name.compare(0, 3, "gpu") != 0) return std::nullopt;
  std::size_t number = 0;
  for (const char c : name.substr(3)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  return number;
}

std::size_t PlaneOf(Machine& machine) {
  for (std::size_t v = 0; v < machine.vertices.size(); ++v) {
    if (machine.vertices[v].kind == VertexKind::kNvSwitch) return v;
  }
  return machine.Add({VertexKind::kNvSwitch, std::nullopt, "NVSwitch", {}, {}});
}

// NVLink of a card whose node is written link by link.
void AddListedNvLinks(Machine& machine, const Completion& by) {
  for (const NamedLinkSpec& link : by.card->node.links) {
    if (link.tier != LinkTier::kNvLink) continue;
    const auto vertex = [&](const std::string& name) -> std::optional<std::size_t> {
      if (name == "nvswitch") return PlaneOf(machine);
      const auto gpu = GpuNumber(name);
      if (!gpu || *gpu >= machine.gpus.size()) return std::nullopt;
      return machine.gpus[*gpu];
    };
    auto a = vertex(link.a);
    auto b = vertex(link.b);
    if (!a || !b) continue;
    if (machine.vertices[*a].kind == VertexKind::kNvSwitch) std::swap(a, b);
    machine.links.push_back(
        {*a, *b, LinkTier::kNvLink, {link.link.bandwidth, "card " + by.card_name}});
  }
  machine.assumptions.push_back(
      fmt::format("NVLink joins the GPUs as in card {}, in the order of the file", by.card_name));
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
  const NodeSpec& node = by.card->node;
  if (node.links.empty() && !node.nvlink) {
    machine.assumptions.push_back(
        fmt::format("no NVLink between the GPUs, as in card {}", by.card_name));
    return;
  }
  if (node.gpus != machine.gpus.size()) {
    errors.push_back(FileError(
        file, fmt::format("has {} GPUs, a node of card {} has {}; name a card of this machine",
                          machine.gpus.size(), by.card_name, node.gpus)));
    return;
  }
  if (!node.links.empty()) return AddListedNvLinks(machine, by);
  const std::size_t plane = PlaneOf(machine);
  for (const std::size_t gpu : machine.gpus) {
    machine.links.push_back(
        {gpu, plane, LinkTier::kNvLink, {node.nvlink->bandwidth, "card " + by.card_name}});
  }
  machine.assumptions.push_back(
      fmt::format("every GPU is on one NVSwitch plane, as in card {}", by.card_name));
}

std::optional<SourcedRate> PcieRate(const Completion& by) {
  if (by.pcie_generation) return NcclPcieGeneration(*by.pcie_generation);
  if (by.card != nullptr) return SourcedRate{by.card->node.pcie.bandwidth, "card " + by.card_name};
  return std::nullopt;
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
