// One transfer task in flight: its flows, their paths, and what each device still waits for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/engine/network.h"
#include "sim/engine/path_cache.h"
#include "sim/graph/activity_graph.h"
#include "sim/graph/flows.h"
#include "sim/graph/timeline.h"

namespace switchyard {

// Flows of one sender, hop and path latency: they enter the network together.
struct FlowBatch {
  std::uint32_t first = 0;  // flows [first, last)
  std::uint32_t last = 0;
  Seconds latency;
  std::uint8_t hop = 0;
};

// What one device of the group still has to do before it may leave.
struct DeviceProgress {
  std::uint32_t out_flows = 0;
  std::uint32_t in_flows = 0;
  std::uint32_t in_relayed = 0;   // flows still to arrive that it forwards on hop 1
  std::uint32_t first_batch = 0;  // batches [first_batch, last_batch) are its own
  std::uint32_t last_batch = 0;
  bool launched = false;         // entered, and its startup time is over
  bool relayed_started = false;  // the first flow that it forwards is on its way
  bool forwarding = false;       // its hop-1 flows have been let go
  DeviceId forward_cause;        // the device that let them go or held them last
  std::vector<std::uint32_t>
      held;  // hop-1 flows done in the network, waiting for the last in_relayed
  [[nodiscard]] bool done() const { return launched && out_flows == 0 && in_flows == 0; }
};

class Transfer {
 public:
  // Devices are numbered from task.first_device.
  Transfer(TaskId id, const Task& task, FlowSet set, PathCache& paths);

  [[nodiscard]] TaskId task() const { return task_; }
  [[nodiscard]] Seconds startup() const { return set_.startup; }
  [[nodiscard]] bool store_and_forward() const { return set_.store_and_forward; }
  [[nodiscard]] const Flow& flow(std::uint32_t f) const { return set_.flows[f]; }
  [[nodiscard]] FlowView view() const { return {set_.flows, path_links_, path_begin_, weights_}; }
  // On links of these tiers the whole transfer counts as one flow: a flow's weight becomes 1 / (the
  // most flows of the transfer on one such link of its path).
  void CountAsOne(const LinkSharing& sharing, const Platform& platform);
  [[nodiscard]] Seconds latency(std::uint32_t f) const { return latency_[f]; }
  [[nodiscard]] const FlowBatch& batch(std::uint32_t b) const { return batches_[b]; }
  [[nodiscard]] DeviceProgress& progress(DeviceId d) {
    return progress_[d.index() - first_device_];
  }

  std::uint32_t devices_to_leave = 0;  // of the group, not yet left

 private:
  void SortFlows();
  void FindPaths(PathCache& paths);
  void MakeBatches();
  void CountWork();

  TaskId task_;
  std::uint32_t first_device_;
  FlowSet set_;
  std::vector<LinkId> path_links_;         // paths of all flows, one after the other
  std::vector<std::uint32_t> path_begin_;  // [flows + 1]
  std::vector<Seconds> latency_;           // [flows]
  std::vector<double> weights_;            // [flows], or empty: 1 each
  std::vector<FlowBatch> batches_;         // by sender
  std::vector<DeviceProgress> progress_;   // by device of the group
};

}  // namespace switchyard
