#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "sim/base/check.h"
#include "sim/report/perfetto/arrows.h"
#include "sim/report/perfetto/clock.h"
#include "sim/report/perfetto/context.h"

namespace switchyard::perfetto {
namespace {

class SliceWriter {
 public:
  SliceWriter(const TraceContext& context, PacketWriter& writer)
      : context_(context), writer_(writer), arrows_(context.input.timeline, context.moe) {
    const std::vector<Task>& tasks = context.input.graph.tasks;
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      const auto stream = static_cast<std::size_t>(tasks[t].label.stream);
      if (context.selection.Has(t)) tasks_of_stream_[stream].emplace_back(t);
      micro_batches_ = std::max(micro_batches_, std::uint64_t{tasks[t].label.micro_batch} + 1);
    }
  }

  void Write() {
    for (std::size_t d = 0; d < context_.input.graph.num_devices; ++d)
      for (std::size_t s = 0; s < kNumStreams; ++s) WriteStream(DeviceId(d), s);
  }

 private:
  // Slices of a stream follow each other; each is ended before the next begins, also in the file,
  // since readers keep the file's order at equal times.
  void WriteStream(DeviceId device, std::size_t stream) {
    const Timeline& timeline = context_.input.timeline;
    std::vector<TaskId> order;
    for (const TaskId task : tasks_of_stream_[stream])
      if (Runs(task, device)) order.push_back(task);
    std::sort(order.begin(), order.end(), [&](TaskId a, TaskId b) {
      const Interval& x = timeline.at(a, device);
      const Interval& y = timeline.at(b, device);
      return std::tuple(x.start, x.end, a) < std::tuple(y.start, y.end, b);
    });
    std::uint64_t free_from = 0;
    for (const TaskId task : order) {
      const Interval& interval = timeline.at(task, device);
      const std::uint64_t start = ToNanoseconds(interval.start);
      // The engine's clock may be off by less than a nanosecond; more is two operations at once.
      SWITCHYARD_CHECK(start + 1 >= free_from, "operations of one stream overlap");
      const std::uint64_t begin = std::max(start, free_from);
      free_from = std::max(ToNanoseconds(interval.end), begin);
      WriteBegin(task, device, begin);
      writer_.End(free_from, context_.tracks.streams[device.index()][stream]);
    }
  }

  [[nodiscard]] bool Runs(TaskId task, DeviceId device) const {
    const Task& t = context_.input.graph.tasks[task.index()];
    return device.value >= t.first_device && device.value - t.first_device < t.num_devices;
  }

  void WriteBegin(TaskId task, DeviceId device, std::uint64_t begin) {
    const OpLabel& label = context_.input.graph.tasks[task.index()].label;
    const auto group = context_.moe.GroupOf(label.layer, label.micro_batch);
    leaving_.clear();
    ending_.clear();
    if (group) arrows_.At(*group, task, device, leaving_, ending_);
    FillArgs(task, device, group);
    SliceBegin slice;
    slice.track = context_.tracks.streams[device.index()][static_cast<std::size_t>(label.stream)];
    slice.name = SliceNameOf(label.name);
    slice.category = CategoryOf(label.stream);
    if (label.layer != kNoLayer)
      slice.correlation_id = 1 + label.layer * micro_batches_ + label.micro_batch;
    slice.args = args_;
    slice.flow_ids = leaving_;
    slice.terminating_flow_ids = ending_;
    writer_.Begin(begin, slice);
  }

  void FillArgs(TaskId task, DeviceId device, std::optional<std::size_t> group) {
    const Task& t = context_.input.graph.tasks[task.index()];
    args_.clear();
    if (t.label.layer != kNoLayer) args_.push_back({ArgKey::kLayer, t.label.layer});
    args_.push_back({ArgKey::kMicroBatch, t.label.micro_batch});
    if (group && t.label.name == OpName::kExpertGemm) {
      const TraceMoeLoad* load = context_.load_of_group[*group];
      if (load != nullptr) args_.push_back({ArgKey::kTokens, load->device_tokens[device.index()]});
    }
    if (t.is_transfer) FillTransferArgs(task, device);
  }

  void FillTransferArgs(TaskId task, DeviceId device) {
    const PerfettoInput& input = context_.input;
    if (task.index() < input.transfer_bytes.size()) {
      const TransferBytes& bytes = input.transfer_bytes[task.index()];
      const std::size_t place = device.value - input.graph.tasks[task.index()].first_device;
      if (place < bytes.sent.size()) AddBytes(ArgKey::kBytesSend, bytes.sent[place]);
      if (place < bytes.received.size()) AddBytes(ArgKey::kBytesRecv, bytes.received[place]);
    }
    const std::uint32_t cause = input.timeline.at(task, device).end_cause_device;
    if (cause < input.graph.num_devices && cause != device.value)
      args_.push_back({ArgKey::kLastSender, cause});
  }

  void AddBytes(ArgKey key, double bytes) {
    args_.push_back({key, static_cast<std::uint64_t>(std::llround(bytes))});
  }

  const TraceContext& context_;
  PacketWriter& writer_;
  Arrows arrows_;
  std::array<std::vector<TaskId>, kNumStreams> tasks_of_stream_;
  std::uint64_t micro_batches_ = 1;
  // Of the slice being written; kept to save allocations.
  std::vector<Arg> args_;
  std::vector<std::uint64_t> leaving_;
  std::vector<std::uint64_t> ending_;
};

}  // namespace

void WriteSlices(const TraceContext& context, PacketWriter& writer) {
  SliceWriter(context, writer).Write();
}

}  // namespace switchyard::perfetto
