// The logical step: what each device computes and communicates, before anything has a duration or a
// route.
//
// Like the ActivityGraph it becomes (lower.h), it is SPMD: one op runs on all devices of its group;
// dependencies hold device by device. Op i becomes task i.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "models/cost/compute_cost.h"
#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/collectives/collective_algorithm.h"
#include "sim/graph/labels.h"

namespace switchyard {

// Kernels run one after the other: `common` on every device, then own[d] on device d of the group
// (empty: nothing more).
struct ComputeOp {
  KernelList common;
  std::vector<KernelList> own;
};

// Tokens to their experts, or their outputs back: sizes come from the MoE plan.
struct ExpertExchangeOp {
  std::uint32_t moe_layer = 0;  // counts MoE layers
  bool combine = false;
};

// A collective of equal parts among each `group_size` consecutive devices.
struct CollectiveOp {
  CollectiveKind kind = CollectiveKind::kAllReduce;
  std::uint32_t group_size = 1;
  Bytes bytes;  // CollectiveRequest::bytes
};

// Experts' weights of one layer to their new ranks; which, the MoE plan says.
struct MigrationOp {
  std::uint32_t moe_layer = 0;
};

struct Op {
  OpLabel label;
  std::vector<TaskId> after;
  std::variant<ComputeOp, ExpertExchangeOp, CollectiveOp, MigrationOp> body;
};

struct StepGraph {
  std::uint32_t num_devices = 0;  // every op runs on all of them
  std::vector<Op> ops;
};

}  // namespace switchyard
