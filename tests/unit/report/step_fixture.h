// A small but realistic step for the timeline's tests: four devices on two nodes, MoE layers with
// uneven dispatch and combine, copies, and an operation outside the layers, scheduled by hand.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/rng.h"
#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"
#include "sim/report/perfetto/perfetto.h"

namespace switchyard {

struct StepShape {
  std::uint32_t devices = 4;
  std::uint32_t layers = 3;
  std::uint32_t micro_batches = 2;
  double time_scale = 1e-6;  // a typical duration; 1e-9 makes rounding matter
  std::uint64_t seed = 1;
};

class StepFixture {
 public:
  explicit StepFixture(const StepShape& shape = {});

  // Refers to this fixture.
  [[nodiscard]] PerfettoInput Input() const;
  [[nodiscard]] std::string Trace(const PerfettoOptions& options = {}) const;

  ActivityGraph graph;
  Timeline timeline;
  std::vector<NodeId> nodes;
  std::vector<TraceLink> links;  // per device NVLink TX, RX (two lanes), NIC TX; a node's; a leaf's
  std::vector<TraceMoeLoad> loads;
  std::vector<TransferBytes> transfer_bytes;

 private:
  void AddLayer(std::uint32_t layer);
  TaskId AddCompute(OpLabel label, const std::vector<TaskId>& after);
  TaskId AddTransfer(OpLabel label, const std::vector<TaskId>& after);
  TaskId AddTask(const OpLabel& label, const std::vector<TaskId>& after, bool is_transfer);
  Seconds StartOf(const OpLabel& label, const std::vector<TaskId>& after, DeviceId device) const;
  void Record(TaskId task, DeviceId device, const Interval& interval);
  void AddLinkActivity(TaskId task);
  double Draw() { return shape_.time_scale * (0.1 + rng_.Uniform()); }

  StepShape shape_;
  Rng rng_;
  std::vector<TaskId> last_;                   // of each micro-batch: what its next layer waits for
  std::vector<std::vector<Seconds>> free_at_;  // by device and stream
};

}  // namespace switchyard
