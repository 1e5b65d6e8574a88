// Arbitrary lines as --set options over a scenario without mistakes.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "sim/scenario/load.h"

namespace {

constexpr const char* kScenario = R"(schema_version: 1
model:
  name: m
  hidden_size: 64
  num_layers: 2
  vocab_size: 100
  attention: {heads: 8, grouped: {kv_heads: 8, head_dim: 8}}
  moe: {num_experts: 32, top_k: 2, intermediate_size: 64}
cluster:
  name: c
  device: {name: gpu, memory_capacity: 80 GiB, memory_bandwidth: 3 TB/s, bf16_rate: 900 TFLOP/s}
  node:
    gpus: 8
    nvlink: {bandwidth: 400 GB/s, latency: 1 us}
    pcie: {bandwidth: 50 GB/s, latency: 500 ns}
    host_memory: {bandwidth: 200 GB/s, latency: 100 ns}
    host_memory_capacity: 1 TiB
workload: {phase: decode, tokens_per_device: 64}
routing: {uniform: {}}
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
  switchyard::LoadOptions options;
  options.allow_files = false;
  for (std::string line; std::getline(lines, line);) options.sets.push_back(line);
  static_cast<void>(switchyard::LoadScenarioText(kScenario, "fuzz.yaml", options));
  return 0;
}
