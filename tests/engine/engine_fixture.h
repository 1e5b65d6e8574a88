// Small platforms and graphs for engine tests, and a printer that shows the arithmetic when an
// expectation fails.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/engine/executor.h"

namespace switchyard::testing {

// Devices around one switch: links up[d] and down[d] of the given capacity and latency each.
struct Star {
  Platform platform;
  std::unique_ptr<PathSelector> paths;

  Star(std::uint32_t devices, BytesPerSecond capacity, Seconds latency) {
    std::vector<VertexId> gpus;
    for (std::uint32_t d = 0; d < devices; ++d) {
      gpus.push_back(platform.AddVertex({VertexKind::kGpu, 0, d}));
    }
    const VertexId hub = platform.AddVertex({VertexKind::kNvSwitch, 0, 0});
    for (const VertexId gpu : gpus) {
      platform.AddDuplexLink(gpu, hub, LinkTier::kNvLink, capacity, latency);
    }
    paths = MakePathSelector(PathSelection::kShortest, platform);
  }
  Flow Between(std::uint32_t from, std::uint32_t to, Bytes bytes, std::uint8_t hop = 0) const {
    return {platform.gpu(DeviceId(from)),
            platform.gpu(DeviceId(to)),
            DeviceId(from),
            DeviceId(to),
            bytes,
            hop};
  }
  // The same, to be forwarded by its receiver on hop 1.
  Flow ToRelay(std::uint32_t from, std::uint32_t to, Bytes bytes) const {
    Flow flow = Between(from, to, bytes);
    flow.relayed = true;
    return flow;
  }
};

// Flows given beforehand.
class GivenFlows : public FlowSource {
 public:
  explicit GivenFlows(std::map<std::uint32_t, FlowSet> sets) : sets_(std::move(sets)) {}
  [[nodiscard]] FlowSet Flows(TaskId task) const override {
    const auto found = sets_.find(task.value);
    return found == sets_.end() ? FlowSet{} : found->second;
  }

 private:
  std::map<std::uint32_t, FlowSet> sets_;
};

inline Task Compute(std::uint32_t devices, std::vector<Seconds> durations,
                    std::vector<TaskId> after = {}) {
  Task task;
  task.num_devices = devices;
  task.durations = std::move(durations);
  task.after = std::move(after);
  return task;
}

inline Task Exchange(std::uint32_t devices, std::vector<TaskId> after = {}) {
  Task task;
  task.label = {OpName::kDispatch, StreamKind::kComm, 0, 0};
  task.num_devices = devices;
  task.is_transfer = true;
  task.after = std::move(after);
  return task;
}

// Relative 1e-9: the engine's clock resolution, far below any modelling error.
inline void ExpectSeconds(double expected, Seconds measured, const std::string& arithmetic) {
  EXPECT_NEAR(measured.value, expected, 1e-9 * std::max(1e-3, std::abs(expected)))
      << "expected " << arithmetic << " = " << expected << " s, measured " << measured.value
      << " s";
}

inline Timeline RunOrFail(const ActivityGraph& graph, const FlowSource& flows, const Star& star) {
  const auto executor = MakeExecutor("pairwise");
  Result<Timeline> timeline = executor->Run({.graph = graph,
                                             .flows = flows,
                                             .platform = star.platform,
                                             .paths = *star.paths,
                                             .link_activity = true});
  if (!timeline.ok()) {
    ADD_FAILURE() << ToString(timeline.errors());
    return {};
  }
  return std::move(timeline).value();
}

}  // namespace switchyard::testing
