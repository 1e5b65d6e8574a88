#include "tests/unit/report/sample_result.h"

#include "sim/graph/labels.h"

namespace switchyard {

RunResult SampleResult() {
  RunResult result;
  result.scenario = "deepseek-v3 decode, 4 nodes of 8 H100";
  result.seed = 42;
  result.fidelity = "flow";
  result.step_time_s = 0.0415;
  result.tokens_per_s = 98'700;
  result.tokens_per_s_per_device = 98'700.0 / 32;
  result.breakdown_s = {{"attention", 0.0101},   {"router", 0.0004},  {"dispatch", 0.0093},
                        {"expert_gemm", 0.0122}, {"combine", 0.0088}, {"wait", 0.0007}};
  result.slowest_device = 29;
  result.exposed_comm_s = 0.0181;
  result.overlap_fraction = 0.25;
  result.load = LoadResult{1.32, {100, 132, 96, 72}};
  result.drops = DropResult{400, 3, 1};
  result.traffic = {1.5e9, 3.0e9, 2.5e9, 2.0e9, 1.2e9};
  result.links = {{"n003.nic5>leaf5", "nic", 4.1e8, 0.021, 0.91},
                  {"n001.nic2>leaf2", "nic", 3.9e8, 0.020, 0.87},
                  {"n000.gpu0>n000.nvswitch", "nvlink", 9.0e8, 0.009, 0.04},
                  {"n000.gpu1>n000.nvswitch", "nvlink", 8.0e8, 0.008, 0.03}};
  result.memory = {64e9, true};
  result.energy = EnergyResult{812.5, 0.2, 600, 100, 100, 10, 2.5};
  result.conservation = {400, 400, 4.5e9, 4.5e9, true};
  result.collectives = {{"dispatch", 3, 1.6e-4, 2.6e7},
                        {"combine", 3, 1.5e-4, 5.2e7},
                        {"all_gather", kNoLayer, 1e-5, 1e6}};
  result.critical_path = {{"expert_gemm", 0.0122, 58}, {"attention", 0.0101, 61}};
  result.experts = {{3, 0, 0, 12, 12}, {3, 1, 0, 90, 87}};
  result.assumptions = {"Kernels reach the efficiency of the H100 calibration.",
                        "Every step starts with warm caches."};
  result.sim = {0.8, 123456, 9876, 100'000'000};
  return result;
}

}  // namespace switchyard
