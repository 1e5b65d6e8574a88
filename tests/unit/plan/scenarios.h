// A small scenario to change in tests: 8 devices in 2 nodes, 16 experts top-2, 3 layers of which
// the first is dense.
#pragma once

#include "sim/scenario/scenario.h"

namespace switchyard::testing {

inline Scenario SmallScenario() {
  Scenario s;
  s.name = "small";
  s.model.name = "small";
  s.model.hidden_size = 256;
  s.model.num_layers = 3;
  s.model.vocab_size = 1000;
  s.model.dense_intermediate_size = 512;
  s.model.dense_layers = {0};
  s.model.attention = GroupedAttention{8, 4, 32};
  s.model.moe = MoeSpec{16, 2, 128, 0, 1, 1, ScoreFunction::kSoftmax};
  s.cluster.name = "two nodes";
  s.cluster.nodes = 2;
  s.cluster.device.name = "device";
  s.cluster.device.memory_capacity = 80_GB;
  s.cluster.device.memory_bandwidth = 3000_GBps;
  s.cluster.device.bf16_rate = 900_TFLOPs;
  s.cluster.node.gpus = 4;
  s.cluster.node.nvlink = LinkSpec{400_GBps, 0.5_us};
  s.cluster.node.pcie = {50_GBps, 0.3_us};
  s.cluster.node.nic = LinkSpec{50_GBps, 1_us};
  s.cluster.node.host_memory = {200_GBps, 0.1_us};
  s.cluster.node.host_memory_capacity = 1000_GB;
  s.cluster.fabric = RailOptimizedSpec{32, 1.0, 1_us};
  s.parallelism = {1, 8};
  s.workload = {StepPhase::kDecode, 64, 1024, 1};
  s.routing = UniformRouting{};
  s.communication.metadata = 16_B;
  s.communication.launch_overhead = 5_us;
  s.compute.kernel_overhead = 3_us;
  return s;
}

}  // namespace switchyard::testing
