#include "sim/engine/transfer.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {

Transfer::Transfer(TaskId id, const Task& task, FlowSet set, PathCache& paths)
    : devices_to_leave(task.num_devices),
      task_(id),
      first_device_(task.first_device),
      set_(std::move(set)),
      progress_(task.num_devices) {
  for (const Flow& flow : set_.flows) {
    SWITCHYARD_CHECK(flow.bytes.value > 0 && flow.from != flow.to, "a flow that carries nothing");
    for (const DeviceId end : {flow.sender, flow.receiver}) {
      SWITCHYARD_CHECK(end.index() - first_device_ < task.num_devices, "a flow leaves its group");
    }
  }
  SplitFlows(paths, set_.flows);
  SortFlows();
  FindPaths(paths);
  MakeBatches();
  CountWork();
}

// Sorts by (sender, hop), keeping the given order otherwise.
void Transfer::SortFlows() {
  // Counting: flows come in long sorted runs, and there are few keys.
  const auto key = [this](const Flow& flow) {
    return 2 * (flow.sender.index() - first_device_) + (flow.hop > 0 ? 1 : 0);
  };
  std::vector<std::uint32_t> next(2 * progress_.size() + 1);
  for (const Flow& flow : set_.flows) ++next[key(flow) + 1];
  for (std::size_t i = 1; i < next.size(); ++i) next[i] += next[i - 1];
  std::vector<Flow> sorted(set_.flows.size());
  for (const Flow& flow : set_.flows) sorted[next[key(flow)]++] = flow;
  set_.flows = std::move(sorted);
}

void Transfer::FindPaths(PathCache& paths) {
  path_begin_.reserve(set_.flows.size() + 1);
  path_begin_.push_back(0);
  path_links_.reserve(6 * set_.flows.size());  // the usual path between nodes
  latency_.reserve(set_.flows.size());
  for (const Flow& flow : set_.flows) {
    const PathCache::Path& path = paths.Get(flow.from, flow.to, flow.part);
    const std::span<const LinkId> links = paths.links(path);
    path_links_.insert(path_links_.end(), links.begin(), links.end());
    path_begin_.push_back(static_cast<std::uint32_t>(path_links_.size()));
    latency_.push_back(path.latency);
  }
}

void Transfer::MakeBatches() {
  // Consecutive flows of one sender and hop with the same latency; a sender's flows alternate
  // between at most a few latencies (same node, same leaf, across the spine), mostly in runs.
  for (std::uint32_t f = 0; f < set_.flows.size(); ++f) {
    const Flow& flow = set_.flows[f];
    const bool extends = f > 0 && set_.flows[f - 1].sender == flow.sender &&
                         set_.flows[f - 1].hop == flow.hop && latency_[f] == latency_[f - 1];
    if (!extends) batches_.push_back({f, f, latency_[f], flow.hop});
    batches_.back().last = f + 1;
  }
  for (std::uint32_t b = 0; b < batches_.size(); ++b) {
    DeviceProgress& sender = progress(set_.flows[batches_[b].first].sender);
    if (sender.last_batch == 0) sender.first_batch = b;
    sender.last_batch = b + 1;
  }
}

void Transfer::CountWork() {
  for (const Flow& flow : set_.flows) {
    ++progress(flow.sender).out_flows;
    ++progress(flow.receiver).in_flows;
    if (flow.relayed) ++progress(flow.receiver).in_relayed;
  }
}

void Transfer::CountAsOne(const LinkSharing& sharing, const Platform& platform) {
  const auto counts = [&](LinkId link) {
    return sharing[static_cast<std::size_t>(platform.link(link).tier)];
  };
  std::vector<std::uint32_t> flows_of_link(platform.links().size());
  for (const LinkId link : path_links_) flows_of_link[link.index()] += counts(link) ? 1 : 0;
  weights_.assign(set_.flows.size(), 1.0);
  const FlowView flows = view();
  for (std::uint32_t f = 0; f < set_.flows.size(); ++f) {
    std::uint32_t most = 1;
    for (const LinkId link : flows.path(f)) most = std::max(most, flows_of_link[link.index()]);
    weights_[f] = 1.0 / most;
  }
}

}  // namespace switchyard
