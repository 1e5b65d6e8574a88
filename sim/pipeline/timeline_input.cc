#include "sim/pipeline/timeline_input.h"

#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "sim/base/rng.h"
#include "topologies/own_nics.h"

namespace switchyard {
namespace {

// The end of a link that belongs to a GPU: traffic is shown there as sent (TX) or received (RX).
TraceLink DescribeLink(const Platform& platform, const Link& link) {
  const Vertex& from = platform.vertex(link.from);
  const Vertex& to = platform.vertex(link.to);
  // A NIC belongs to the first GPU that uses it.
  const auto device_of = [&](const Vertex& v) {
    const std::uint32_t gpus = platform.CountInNode(VertexKind::kGpu, v.node);
    const bool nic = v.kind == VertexKind::kNic;
    return v.node * gpus +
           (nic ? GpuOfNic(v.index, gpus, platform.CountInNode(VertexKind::kNic, v.node))
                : v.index);
  };
  const auto counter = [&](const char* what, const Vertex& own, bool sends) {
    return TraceLink{TraceOwner::kDevice, device_of(own),
                     std::string(what) + (sends ? " TX" : " RX"), link.capacity};
  };
  switch (link.tier) {
    case LinkTier::kNvLink:
      if (from.kind == VertexKind::kGpu) return counter("NVLink", from, true);
      if (to.kind == VertexKind::kGpu) return counter("NVLink", to, false);
      return {TraceOwner::kNode, from.node, "NVSwitch to NVSwitch", link.capacity};
    case LinkTier::kNic:
      return from.kind == VertexKind::kNic ? counter("NIC", from, true) : counter("NIC", to, false);
    case LinkTier::kPcie:
      if (from.kind == VertexKind::kGpu) return counter("PCIe", from, true);
      if (to.kind == VertexKind::kGpu) return counter("PCIe", to, false);
      return {TraceOwner::kNobody, 0, "", link.capacity};
    case LinkTier::kHostMemory:
      return {TraceOwner::kNode, from.kind == VertexKind::kHostMemory ? from.node : to.node,
              from.kind == VertexKind::kHostMemory ? "Host memory read" : "Host memory write",
              link.capacity};
    case LinkTier::kSsd:
      return {TraceOwner::kNode, from.kind == VertexKind::kSsd ? from.node : to.node,
              from.kind == VertexKind::kSsd ? "SSD read" : "SSD write", link.capacity};
    case LinkTier::kSocket:
      return {TraceOwner::kNode, from.node, "Socket to socket", link.capacity};
    case LinkTier::kTorus:
      if (from.kind == VertexKind::kGpu) return counter("Torus", from, true);
      if (to.kind == VertexKind::kGpu) return counter("Torus", to, false);
      break;
    case LinkTier::kLeafSpine:
    case LinkTier::kEdgeAggregation:
    case LinkTier::kAggregationCore:
    case LinkTier::kLocal:
    case LinkTier::kGlobal:
    case LinkTier::kSwitch:
      break;
  }
  return {TraceOwner::kFabric, 0,
          platform.VertexName(link.from) + " to " + platform.VertexName(link.to), link.capacity};
}

std::vector<TraceMoeLoad> MoeLoads(const SimulatedStep& s) {
  std::vector<TraceMoeLoad> loads;
  std::uint32_t moe_layer = 0;
  for (std::uint32_t layer = 0; layer < s.scenario.model.num_layers; ++layer) {
    if (!s.scenario.model.IsMoeLayer(layer)) continue;
    for (std::uint32_t m = 0; m < s.plan.micro_batches; ++m) {
      TraceMoeLoad load{layer, m, {}, {}};
      load.device_tokens.resize(s.graph.num_devices);
      load.slot_tokens.assign(s.graph.num_devices,
                              std::vector<std::uint64_t>(s.plan.slots_per_rank()));
      const MoeLayerPlan& plan = s.plan.at(moe_layer, m);
      for (std::size_t slot = 0; slot < plan.kept.size(); ++slot) {
        const std::uint32_t device = s.plan.DeviceOfSlot(slot);
        load.device_tokens[device] += plan.kept[slot];
        load.slot_tokens[device][slot % s.plan.slots_per_rank()] += plan.kept[slot];
      }
      loads.push_back(std::move(load));
    }
    ++moe_layer;
  }
  return loads;
}

std::vector<TransferBytes> BytesByTask(const SimulatedStep& s) {
  std::vector<TransferBytes> bytes(s.graph.tasks.size());
  for (std::size_t t = 0; t < s.graph.tasks.size(); ++t) {
    const Task& task = s.graph.tasks[t];
    if (!task.is_transfer) continue;
    bytes[t].sent.resize(task.num_devices);
    bytes[t].received.resize(task.num_devices);
    for (const Flow& flow : s.flows->Flows(TaskId(t)).flows) {
      bytes[t].sent[flow.sender.index() - task.first_device] += flow.bytes.value;
      bytes[t].received[flow.receiver.index() - task.first_device] += flow.bytes.value;
    }
  }
  return bytes;
}

std::string Hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

PerfettoInput TimelineInput(const SimulatedStep& s, const std::string& resolved) {
  PerfettoInput input{s.graph, s.timeline, {}, {}, {}, MoeLoads(s), BytesByTask(s), {}};
  for (std::uint32_t d = 0; d < s.graph.num_devices; ++d) {
    input.node_of_device.push_back(s.platform.node_of(DeviceId(d)));
  }
  input.device_names = DeviceTrackNames(input.node_of_device);
  for (const Link& link : s.platform.links()) {
    input.links.push_back(DescribeLink(s.platform, link));
  }
  input.metadata = {{"scenario", s.result.scenario},
                    {"seed", std::to_string(s.result.seed)},
                    {"fidelity", s.result.fidelity},
                    {"scenario_fnv1a", Hex(Stream(resolved))}};
  return input;
}

}  // namespace switchyard
