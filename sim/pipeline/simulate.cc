#include "sim/pipeline/simulate.h"

#include <sys/resource.h>

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "models/cost/compute_cost.h"
#include "sim/base/check.h"
#include "sim/engine/executor.h"
#include "sim/metrics/metrics.h"
#include "sim/pipeline/device_cost.h"
#include "sim/plan/disturb/compute_noise.h"
#include "sim/plan/step_builder.h"
#include "topologies/builder.h"
#include "topologies/disturb/gpu_conditions.h"
#include "topologies/disturb/link_conditions.h"

namespace switchyard {
namespace {

// One model for each kind of device, and which is whose.
struct CostModels {
  explicit CostModels(const Scenario& scenario) {
    const ClusterSpec& cluster = scenario.cluster;
    std::map<const DeviceSpec*, const ComputeCostModel*> of_kind;  // looked up, never walked
    for (std::uint32_t node = 0; node < cluster.nodes; ++node) {
      const DeviceSpec* device = &cluster.device_of(node);
      const ComputeCostModel*& model = of_kind[device];
      if (model == nullptr) {
        models.push_back(CostModelOf(*device, scenario.compute));
        model = models.back().get();
      }
      of_device.insert(of_device.end(), cluster.node.gpus, model);
    }
  }

  std::vector<std::unique_ptr<ComputeCostModel>> models;
  std::vector<const ComputeCostModel*> of_device;
};

std::uint64_t PeakResidentBytes() {
  constexpr std::uint64_t kBytesPerKiB = 1024;  // Linux reports ru_maxrss in KiB
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * kBytesPerKiB;
}

}  // namespace

std::string ToString(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::kPairwise:
      return "pairwise";
    case Fidelity::kFlow:
      return "flow";
    case Fidelity::kPort:
      return "port";
  }
  SWITCHYARD_CHECK(false, "a fidelity without a name");
  return {};
}

Result<std::unique_ptr<SimulatedStep>> Simulate(Scenario scenario,
                                                const SimulationOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  auto s = std::make_unique<SimulatedStep>();
  s->scenario = std::move(scenario);

  Result<Platform> platform = BuildPlatform(s->scenario.cluster);
  if (!platform.ok()) return platform.errors();
  s->platform = std::move(platform).value();

  const Disturbances& disturbances = s->scenario.disturbances;
  const PathSelection selection = s->scenario.cluster.paths;
  const auto links = LinkConditionsOf(disturbances, s->platform, selection);
  if (!links.ok()) return links.errors();
  const auto speeds = SpeedChangesOf(disturbances, s->platform);
  if (!speeds.ok()) return speeds.errors();
  s->paths = MakePathSelector(selection, s->platform, links.value().dead);

  Result<MoePlan> plan = PlanExperts(s->scenario, options.plan);
  if (!plan.ok()) return plan.errors();
  s->plan = std::move(plan).value();

  s->step = BuildStep(s->scenario, s->plan);
  s->graph = Lower(s->step, CostModels(s->scenario).of_device);
  AddComputeNoise(disturbances, s->platform, s->scenario.seed, s->graph);
  s->flows = std::make_unique<StepFlows>(s->step, s->plan, s->scenario, s->platform, *s->paths);

  const std::string fidelity = ToString(s->scenario.fidelity);
  const auto executor = MakeExecutor(fidelity, s->scenario.tolerance);
  SWITCHYARD_CHECK(executor != nullptr, "no executor for fidelity " + fidelity);
  Result<Timeline> timeline = executor->Run(
      {s->graph, *s->flows, s->platform, *s->paths, options.on_progress, options.timeline,
       links.value().changes, speeds.value(), s->scenario.cluster.sharing});
  if (!timeline.ok()) return timeline.errors();
  s->timeline = std::move(timeline).value();

  s->result = Measure({s->scenario, s->platform, s->plan, s->graph, *s->flows, s->timeline,
                       fidelity, links.value().changes});
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  s->result.sim.wall_s = wall.count();
  s->result.sim.peak_rss_bytes = PeakResidentBytes();
  return s;
}

}  // namespace switchyard
