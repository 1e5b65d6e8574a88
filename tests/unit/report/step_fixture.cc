#include "tests/unit/report/step_fixture.h"

#include <algorithm>
#include <sstream>

namespace switchyard {
namespace {

constexpr std::uint32_t kDevicesPerNode = 2;
constexpr std::uint32_t kLinksPerDevice = 4;

}  // namespace

StepFixture::StepFixture(const StepShape& shape)
    : shape_(shape), rng_(shape.seed), free_at_(shape.devices, std::vector<Seconds>(kNumStreams)) {
  graph.num_devices = shape.devices;
  timeline.num_devices = shape.devices;
  for (std::uint32_t d = 0; d < shape.devices; ++d) {
    nodes.emplace_back(d / kDevicesPerNode);
    links.push_back({TraceOwner::kDevice, d, "NVLink TX", 450_GBps});
    links.push_back({TraceOwner::kDevice, d, "NVLink RX", 225_GBps});
    links.push_back({TraceOwner::kDevice, d, "NVLink RX", 225_GBps});
    links.push_back({TraceOwner::kDevice, d, "NIC TX", 50_GBps});
  }
  links.push_back({TraceOwner::kNode, 1, "PCIe switch 0 up", 64_GBps});
  links.push_back({TraceOwner::kFabric, 0, "leaf 0 > spine 0", 400_GBps});
  links.push_back({TraceOwner::kNobody, 0, "n000.internal", 1_GBps});
  timeline.links.resize(links.size());
  for (std::uint32_t l = 0; l < shape.layers; ++l) AddLayer(l);
  AddCompute({OpName::kLmHead, StreamKind::kCompute, kNoLayer, 0}, last_);
}

void StepFixture::AddLayer(std::uint32_t layer) {
  std::vector<TaskId> dispatches;
  for (std::uint32_t mb = 0; mb < shape_.micro_batches; ++mb) {
    const std::vector<TaskId> before =
        layer == 0 ? std::vector<TaskId>{} : std::vector<TaskId>{last_[mb]};
    const TaskId attention =
        AddCompute({OpName::kAttention, StreamKind::kCompute, layer, mb}, before);
    const TaskId router =
        AddCompute({OpName::kRouter, StreamKind::kCompute, layer, mb}, {attention});
    dispatches.push_back(AddTransfer({OpName::kDispatch, StreamKind::kComm, layer, mb}, {router}));
  }
  const TaskId load = AddCompute({OpName::kExpertLoad, StreamKind::kCopyIn, layer, 0}, {});
  last_.resize(shape_.micro_batches);
  for (std::uint32_t mb = 0; mb < shape_.micro_batches; ++mb) {
    const TaskId gemm =
        AddCompute({OpName::kExpertGemm, StreamKind::kCompute, layer, mb}, {dispatches[mb], load});
    last_[mb] = AddTransfer({OpName::kCombine, StreamKind::kComm, layer, mb}, {gemm});
    TraceMoeLoad moe{layer, mb, {}, {}};
    for (std::uint32_t d = 0; d < shape_.devices; ++d) {
      const std::uint64_t first = rng_.Below(40);
      const std::uint64_t second = rng_.Below(40);
      moe.device_tokens.push_back(first + second);
      moe.slot_tokens.push_back({first, second});
    }
    loads.push_back(moe);
  }
}

TaskId StepFixture::AddTask(const OpLabel& label, const std::vector<TaskId>& after,
                            bool is_transfer) {
  const TaskId id(graph.tasks.size());
  graph.tasks.push_back({label, 0, shape_.devices, after, is_transfer, {}});
  timeline.intervals.resize(graph.tasks.size() * shape_.devices);
  transfer_bytes.emplace_back();
  return id;
}

Seconds StepFixture::StartOf(const OpLabel& label, const std::vector<TaskId>& after,
                             DeviceId device) const {
  Seconds start = free_at_[device.index()][static_cast<std::size_t>(label.stream)];
  for (const TaskId task : after) start = std::max(start, timeline.at(task, device).end);
  return start;
}

void StepFixture::Record(TaskId task, DeviceId device, const Interval& interval) {
  const auto stream = static_cast<std::size_t>(graph.tasks[task.index()].label.stream);
  timeline.intervals[task.index() * shape_.devices + device.index()] = interval;
  free_at_[device.index()][stream] = interval.end;
  timeline.makespan = std::max(timeline.makespan, interval.end);
}

TaskId StepFixture::AddCompute(OpLabel label, const std::vector<TaskId>& after) {
  const TaskId task = AddTask(label, after, false);
  for (std::uint32_t d = 0; d < shape_.devices; ++d) {
    const Seconds start = StartOf(label, after, DeviceId(d));
    // Some operations take no time at all.
    const Seconds duration{rng_.Below(10) == 0 ? 0.0 : Draw()};
    Record(task, DeviceId(d), {start, start + duration, kNoCause, kNoCause});
  }
  return task;
}

// Each device is done when the slowest sender's data has come; sender s takes Draw() to each.
TaskId StepFixture::AddTransfer(OpLabel label, const std::vector<TaskId>& after) {
  const TaskId task = AddTask(label, after, true);
  std::vector<Seconds> starts;
  for (std::uint32_t d = 0; d < shape_.devices; ++d)
    starts.push_back(StartOf(label, after, DeviceId(d)));
  TransferBytes& bytes = transfer_bytes[task.index()];
  for (std::uint32_t d = 0; d < shape_.devices; ++d) {
    Interval interval{starts[d], starts[d], kNoCause, d};
    for (std::uint32_t s = 0; s < shape_.devices; ++s) {
      const Seconds arrival = starts[s] + Seconds{Draw()};
      if (arrival <= interval.end) continue;
      interval.end = arrival;
      interval.end_cause_device = s;
    }
    Record(task, DeviceId(d), interval);
    bytes.sent.push_back(static_cast<double>(1000 + rng_.Below(100'000)));
    bytes.received.push_back(static_cast<double>(1000 + rng_.Below(100'000)));
  }
  AddLinkActivity(task);
  return task;
}

void StepFixture::AddLinkActivity(TaskId task) {
  for (std::size_t l = 0; l < links.size(); ++l) {
    if (rng_.Below(5) == 0) continue;  // idle in this transfer
    const auto device =
        static_cast<std::uint32_t>(std::min<std::size_t>(l / kLinksPerDevice, shape_.devices - 1));
    const Interval& interval = timeline.at(task, DeviceId(device));
    const Bytes bytes{static_cast<double>(1 + rng_.Below(1'000'000))};
    timeline.link_activity.push_back({LinkId(l), task, interval.start, interval.end, bytes});
    timeline.links[l].bytes += bytes;
  }
}

PerfettoInput StepFixture::Input() const {
  return {graph,
          timeline,
          DeviceTrackNames(nodes),
          nodes,
          links,
          loads,
          transfer_bytes,
          {{"scenario", "fixture"}, {"seed", "1"}, {"fidelity", "flow"}}};
}

std::string StepFixture::Trace(const PerfettoOptions& options) const {
  std::ostringstream out;
  (void)WritePerfetto(Input(), options, out);
  return out.str();
}

}  // namespace switchyard
