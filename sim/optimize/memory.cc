#include "sim/optimize/memory.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/cost/memory.h"
#include "sim/plan/experts/place_experts.h"

namespace switchyard {
namespace {

// Of the fullest device, its experts' load balanced.
Bytes Need(const Scenario& scenario, std::uint32_t slots_per_rank) {
  const Workload& workload = scenario.workload;
  const WeightSharding sharding{scenario.parallelism.tensor, scenario.parallelism.expert,
                                slots_per_rank};
  const StepLoad load{
      {double{1} * workload.tokens_per_device * scenario.parallelism.tensor,
       static_cast<double>(workload.context_length), workload.phase == StepPhase::kDecode},
      std::nullopt};
  return MemoryFootprint(scenario.model, sharding, load).Total();
}

Bytes LeastMemory(const ClusterSpec& cluster) {
  Bytes least = cluster.device_of(0).memory_capacity;
  for (std::uint32_t node = 1; node < cluster.nodes; ++node) {
    least = std::min(least, cluster.device_of(node).memory_capacity);
  }
  return least;
}

}  // namespace

Result<void> CheckMemory(const Scenario& scenario, std::uint32_t redundant,
                         const std::string& path) {
  const Bytes memory = LeastMemory(scenario.cluster);
  const std::uint32_t bare = ShapeOf(scenario, 0).slots_per_rank;
  std::uint32_t slots = ShapeOf(scenario, redundant).slots_per_rank;
  const Bytes need = Need(scenario, slots);
  if (need <= memory || Need(scenario, bare) > memory) return {};
  while (slots > bare && Need(scenario, slots) > memory) --slots;
  const std::uint32_t experts = scenario.model.moe->num_experts;
  const std::uint32_t all = slots * scenario.parallelism.expert;
  constexpr double kGiga = 1e9;
  return Diagnostic{{},
                    path,
                    fmt::format("{}: a device would need {:.1f} GB and has {:.1f} GB; at most {} "
                                "fit",
                                redundant, need.value / kGiga, memory.value / kGiga,
                                all > experts ? all - experts : 0)};
}

}  // namespace switchyard
