// A scenario without mistakes, and ways to load it with changes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/scenario/load.h"

namespace switchyard {

// Two nodes of eight GPUs; 4 layers, the first dense; 160 experts, top-6 within 3 of 8 groups.
inline constexpr const char* kValidScenario = R"(schema_version: 1
model:
  name: tiny
  hidden_size: 1024
  num_layers: 4
  vocab_size: 32000
  dense_intermediate_size: 4096
  dense_layers: [0]
  attention: {heads: 16, grouped: {kv_heads: 4, head_dim: 64}}
  moe: {num_experts: 160, top_k: 6, intermediate_size: 512, num_groups: 8, topk_groups: 3}
cluster:
  name: two_boxes
  nodes: 2
  device: {name: gpu, memory_capacity: 80 GiB, memory_bandwidth: 3 TB/s, bf16_rate: 900 TFLOP/s}
  node:
    gpus: 8
    nvlink: {bandwidth: 400 GB/s, latency: 1 us}
    pcie: {bandwidth: 50 GB/s, latency: 500 ns}
    nic: {bandwidth: 400 Gb/s, latency: 2 us}
    host_memory: {bandwidth: 200 GB/s, latency: 100 ns}
    host_memory_capacity: 1 TiB
  fabric: {rail_optimized: {}}
workload: {phase: decode, tokens_per_device: 64}
routing: {uniform: {}}
)";

inline Result<LoadedScenario> LoadWith(std::vector<std::string> sets) {
  LoadOptions options;
  options.sets = std::move(sets);
  return LoadScenarioText(kValidScenario, "dir/valid.yaml", options);
}

// The scenario, or a failed test and an empty one.
inline Scenario Loaded(std::vector<std::string> sets) {
  Result<LoadedScenario> loaded = LoadWith(std::move(sets));
  if (loaded.ok()) return loaded.value().scenario;
  ADD_FAILURE() << ToString(loaded.errors());
  return {};
}

// All messages, or "" when it loads.
inline std::string ErrorsOf(std::vector<std::string> sets) {
  const Result<LoadedScenario> loaded = LoadWith(std::move(sets));
  return loaded.ok() ? "" : ToString(loaded.errors());
}

}  // namespace switchyard
