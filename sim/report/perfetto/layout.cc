#include "sim/report/perfetto/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "sim/report/perfetto/fields.h"

namespace switchyard::perfetto {
namespace {

// Process and thread ids must be at least 1: 0 is the kernel's idle task.
constexpr std::uint32_t kClusterPid = 1;
constexpr std::uint32_t kFabricPid = 90;
constexpr std::uint32_t kFirstNodePid = 100;
constexpr std::uint32_t kFirstDevicePid = 1000;
constexpr std::uint64_t kThreadsPerProcess = 16;

constexpr std::array<std::string_view, kNumStreams> kThreadNames = {"compute", "comm", "copy"};

struct CounterTrack {
  std::uint64_t group = 0;
  std::string_view name;
  std::string_view unit;
  std::string_view share_key;  // counters of a process with the same key share their scale
  std::int64_t rank = 0;
  std::string description;
};

// The counters of one owner: names in the order of their first link.
struct OwnerLinks {
  struct Counter {
    std::string_view name;
    BytesPerSecond capacity;
    std::vector<std::size_t> links;
  };
  std::vector<Counter> counters;
  std::map<std::string_view, std::size_t> by_name;
};
using LinksByOwner = std::map<std::pair<TraceOwner, std::uint32_t>, OwnerLinks>;

LinksByOwner GroupLinks(const PerfettoInput& input, const Selection& selection) {
  std::vector<bool> is_active(input.links.size(), false);
  for (const LinkActivity& activity : input.timeline.link_activity) {
    if (input.links.empty() || !selection.Has(activity.task.index())) continue;
    if (activity.bytes > Bytes{}) is_active[activity.link.index()] = true;
  }
  LinksByOwner owners;
  for (std::size_t l = 0; l < input.links.size(); ++l) {
    const TraceLink& link = input.links[l];
    if (!is_active[l] || link.owner == TraceOwner::kNobody) continue;
    OwnerLinks& owner = owners[{link.owner, link.owner == TraceOwner::kFabric ? 0 : link.index}];
    const auto [entry, is_new] = owner.by_name.try_emplace(link.name, owner.counters.size());
    if (is_new) owner.counters.push_back({link.name, {}, {}});
    owner.counters[entry->second].capacity += link.capacity;
    owner.counters[entry->second].links.push_back(l);
  }
  return owners;
}

class LayoutWriter {
 public:
  LayoutWriter(const PerfettoInput& input, const Selection& selection, PacketWriter& writer)
      : input_(input),
        writer_(writer),
        links_(GroupLinks(input, selection)),
        has_stream_(input.graph.num_devices) {
    for (std::size_t t = 0; t < input.graph.tasks.size(); ++t) {
      const Task& task = input.graph.tasks[t];
      if (!selection.Has(t)) continue;
      for (std::size_t d = task.first_device; d < task.first_device + task.num_devices; ++d)
        has_stream_[d][static_cast<std::size_t>(task.label.stream)] = true;
    }
    layout_.links.assign(input.links.size(), 0);
  }

  TrackLayout Write() {
    WriteRoot();
    WriteCluster();
    WriteLinksOnly(TraceOwner::kFabric, 0, kFabricPid, "Fabric");
    const std::size_t devices = input_.graph.num_devices;
    for (std::size_t d = 0; d < devices; ++d) {
      const NodeId node = input_.node_of_device[d];
      if (d == 0 || node != input_.node_of_device[d - 1]) WriteNode(node.value);
      WriteDevice(d);
    }
    return std::move(layout_);
  }

 private:
  // The order of processes and threads is that of their ranks, said once at the root.
  void WriteRoot() {
    WireMessage root;
    root.Uint(descriptor::kUuid, 0);
    root.Uint(descriptor::kProcessOrdering, descriptor::kExplicit);
    root.Uint(descriptor::kThreadOrdering, descriptor::kExplicit);
    writer_.Track(root);
  }

  std::uint64_t WriteProcess(std::uint32_t pid, std::string_view name) {
    WireMessage process;
    process.Uint(process::kPid, pid);
    process.Text(process::kName, name);
    WireMessage track;
    track.Uint(descriptor::kUuid, next_uuid_);
    track.Message(descriptor::kProcess, process);
    track.Uint(descriptor::kChildOrdering, descriptor::kChildrenExplicit);
    track.Int(descriptor::kSiblingOrderRank, next_process_rank_++);
    writer_.Track(track);
    return next_uuid_++;
  }

  std::uint64_t WriteThread(std::uint32_t pid, std::size_t stream) {
    WireMessage thread;
    thread.Uint(thread::kPid, pid);
    thread.Uint(thread::kTid, pid * kThreadsPerProcess + stream);
    thread.Text(thread::kName, kThreadNames[stream]);
    WireMessage track;
    track.Uint(descriptor::kUuid, next_uuid_);
    track.Message(descriptor::kThread, thread);
    track.Int(descriptor::kSiblingOrderRank, static_cast<std::int64_t>(stream));
    writer_.Track(track);
    return next_uuid_++;
  }

  // Tracks do not nest under a process; a group between them makes them one block.
  std::uint64_t WriteGroup(std::uint64_t parent, std::string_view name, std::int64_t rank) {
    WireMessage track;
    track.Uint(descriptor::kUuid, next_uuid_);
    track.Uint(descriptor::kParentUuid, parent);
    track.Text(descriptor::kName, name);
    track.Uint(descriptor::kChildOrdering, descriptor::kChildrenExplicit);
    track.Int(descriptor::kSiblingOrderRank, rank);
    writer_.Track(track);
    return next_uuid_++;
  }

  std::uint64_t WriteCounter(const CounterTrack& counter) {
    WireMessage unit;
    unit.Text(counter::kUnitName, counter.unit);
    if (!counter.share_key.empty()) unit.Text(counter::kAxisShareKey, counter.share_key);
    WireMessage track;
    track.Uint(descriptor::kUuid, next_uuid_);
    track.Uint(descriptor::kParentUuid, counter.group);
    track.Text(descriptor::kName, counter.name);
    track.Message(descriptor::kCounter, unit);
    track.Int(descriptor::kSiblingOrderRank, counter.rank);
    if (!counter.description.empty()) track.Text(descriptor::kDescription, counter.description);
    writer_.Track(track);
    return next_uuid_++;
  }

  void WriteCluster() {
    const std::uint64_t process = WriteProcess(kClusterPid, "Cluster");
    layout_.step = WriteGroup(process, "engine steps", 0);
    if (input_.moe_loads.empty()) return;
    layout_.imbalance = WriteCounter({process, "EP imbalance (max/mean)", "max/mean", "", 1,
                                      "tokens of the busiest device over the mean, by MoE layer"});
  }

  void WriteNode(std::uint32_t node) {
    const std::uint32_t nodes_below_devices = kFirstDevicePid - kFirstNodePid;
    // Large clusters: nodes that have no number left below the devices' get one above them.
    const std::uint32_t pid =
        node < nodes_below_devices
            ? kFirstNodePid + node
            : kFirstDevicePid + input_.graph.num_devices + (node - nodes_below_devices);
    WriteLinksOnly(TraceOwner::kNode, node, pid, fmt::format("Node {:03}", node));
  }

  void WriteDevice(std::size_t device) {
    const auto index = static_cast<std::uint32_t>(device);
    const std::uint32_t pid = kFirstDevicePid + index;
    const std::uint64_t process = WriteProcess(pid, input_.device_names[device]);
    layout_.streams.emplace_back();
    for (std::size_t s = 0; s < kNumStreams; ++s)
      if (has_stream_[device][s]) layout_.streams.back()[s] = WriteThread(pid, s);
    const auto links = links_.find({TraceOwner::kDevice, index});
    if (links != links_.end()) WriteLinks(process, kNumStreams, links->second);
    if (!input_.moe_loads.empty()) WriteTokens(process, device);
  }

  // A process of which nothing but the links is shown; none when they are idle.
  void WriteLinksOnly(TraceOwner owner, std::uint32_t index, std::uint32_t pid,
                      std::string_view name) {
    const auto links = links_.find({owner, index});
    if (links != links_.end()) WriteLinks(WriteProcess(pid, name), 0, links->second);
  }

  void WriteLinks(std::uint64_t process, std::int64_t rank, const OwnerLinks& owner) {
    constexpr double kBytesPerGigabyte = 1e9;
    const std::uint64_t group = WriteGroup(process, "Links", rank);
    std::int64_t counter_rank = 0;
    for (const OwnerLinks::Counter& counter : owner.counters) {
      const double capacity = counter.capacity.value / kBytesPerGigabyte;
      const std::uint64_t track = WriteCounter(
          {group, counter.name, "GB/s", "bw", counter_rank++,
           fmt::format("capacity {:.9g} GB/s, links: {}", capacity, counter.links.size())});
      for (const std::size_t link : counter.links) layout_.links[link] = track;
    }
  }

  void WriteTokens(std::uint64_t process, std::size_t device) {
    const std::uint64_t group = WriteGroup(process, "MoE", kNumStreams + 1);
    layout_.device_tokens.push_back(
        WriteCounter({group, "tokens", "tokens", "", 0, "tokens of all experts of the device"}));
    std::size_t slots = 0;
    for (const TraceMoeLoad& load : input_.moe_loads)
      if (device < load.slot_tokens.size())
        slots = std::max(slots, load.slot_tokens[device].size());
    layout_.slot_tokens.emplace_back();
    for (std::size_t s = 0; s < slots; ++s) {
      layout_.slot_tokens.back().push_back(
          WriteCounter({group, fmt::format("expert slot {:03} tokens", s), "tokens", "tok",
                        static_cast<std::int64_t>(s) + 1, ""}));
    }
  }

  const PerfettoInput& input_;
  PacketWriter& writer_;
  LinksByOwner links_;
  std::vector<std::array<bool, kNumStreams>> has_stream_;
  TrackLayout layout_;
  std::uint64_t next_uuid_ = 1;
  std::int64_t next_process_rank_ = 0;
};

}  // namespace

TrackLayout WriteTracks(const PerfettoInput& input, const Selection& selection,
                        PacketWriter& writer) {
  return LayoutWriter(input, selection, writer).Write();
}

}  // namespace switchyard::perfetto
