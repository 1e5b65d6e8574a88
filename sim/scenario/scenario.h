// A scenario after resolution: every value present, typed and consistent with the others. What the
// rest of the simulator reads; pb::Scenario (scenarios/schema) is only what the file said.
#pragma once

#include <cstdint>
#include <string>

#include "models/cost/compute_cost.h"
#include "models/model_spec.h"
#include "sim/base/units.h"
#include "sim/placement/placement_spec.h"
#include "sim/routing/capacity_rule.h"
#include "sim/routing/expert_router.h"
#include "topologies/cluster_spec.h"
#include "topologies/disturb/disturbances.h"

namespace switchyard {

// tensor divides the GPUs of a node; devices = tensor * attention replicas. Each `expert`
// consecutive devices form a group that holds all experts; tokens stay in their group. With more
// ranks than experts, each expert has expert / num_experts replicas.
struct Parallelism {
  std::uint32_t tensor = 1;
  std::uint32_t expert = 1;
};

enum class StepPhase : std::uint8_t { kPrefill, kDecode };

struct Workload {
  StepPhase phase = StepPhase::kDecode;
  std::uint32_t tokens_per_device = 0;
  std::uint32_t context_length = 0;
  std::uint32_t micro_batches = 1;
};

enum class AllToAllForm : std::uint8_t { kFlat, kRankDedup, kNodeDedup };
enum class Forwarding : std::uint8_t { kPipelined, kStoreAndForward };

struct Communication {
  AllToAllForm all_to_all = AllToAllForm::kRankDedup;
  Dtype dispatch_dtype = Dtype::kBf16;
  Dtype combine_dtype = Dtype::kBf16;
  std::uint32_t scale_block = 128;
  Bytes metadata;
  Seconds launch_overhead;
  Forwarding forwarding = Forwarding::kPipelined;
};

enum class Fidelity : std::uint8_t { kPairwise, kFlow, kPort };

struct Scenario {
  std::string name;
  std::string description;
  ModelSpec model;
  ClusterSpec cluster;
  Parallelism parallelism;
  Workload workload;
  RoutingSpec routing;
  CapacitySpec capacity;
  PlacementSpec placement;
  Communication communication;
  Efficiencies compute;
  std::uint32_t gemm_tile = 64;
  Disturbances disturbances;
  Fidelity fidelity = Fidelity::kFlow;
  double tolerance = 0.04;  // of fidelity flow
  std::uint64_t seed = 1;
};

}  // namespace switchyard
