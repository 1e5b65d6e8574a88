// Skewed all-to-alls for tests and benchmarks of the flow network.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/base/rng.h"
#include "sim/graph/flows.h"
#include "topologies/builder.h"
#include "topologies/platform.h"

namespace switchyard::testing {

inline constexpr std::uint32_t kGpusPerNode = 8;

// 8-GPU servers with NVLink at 450 GB/s and a 50 GB/s NIC for each GPU, the figures of an H100
// system (NVIDIA DGX H100 user guide); latencies are round numbers. One PCIe switch per GPU.
inline ClusterSpec RailCluster(std::uint32_t nodes, std::uint32_t nodes_per_unit = 128,
                               double oversubscription = 1.0) {
  ClusterSpec spec;
  spec.name = "rails";
  spec.nodes = nodes;
  spec.node.gpus = kGpusPerNode;
  spec.node.nvlink = LinkSpec{450_GBps, 1_us};
  spec.node.pcie = {64_GBps, 0_s};
  spec.node.nic = LinkSpec{50_GBps, 1_us};
  spec.node.host_memory = {300_GBps, 0_s};
  if (nodes > 1) spec.fabric = RailOptimizedSpec{nodes_per_unit, oversubscription, 1_us};
  return spec;
}

inline Flow GpuFlow(const Platform& platform, std::uint32_t from, std::uint32_t to, double bytes,
                    std::uint8_t hop = 0) {
  const DeviceId sender(from);
  const DeviceId receiver(to);
  return {platform.gpu(sender), platform.gpu(receiver), sender, receiver, {bytes}, hop};
}

// Bytes from each GPU to each other, [from * gpus + to].
struct ByteMatrix {
  std::uint32_t gpus;
  std::vector<double> bytes;
  [[nodiscard]] double at(std::uint32_t from, std::uint32_t to) const {
    return bytes[from * gpus + to];
  }
};

// One flow for every pair that has bytes.
inline std::vector<Flow> DirectFlows(const Platform& platform, const ByteMatrix& matrix) {
  std::vector<Flow> flows;
  for (std::uint32_t from = 0; from < matrix.gpus; ++from) {
    for (std::uint32_t to = 0; to < matrix.gpus; ++to) {
      const double bytes = matrix.at(from, to);
      if (from != to && bytes > 0) flows.push_back(GpuFlow(platform, from, to, bytes));
    }
  }
  return flows;
}

// As DeepEP's internode kernels: to each remote node on the sender's own rail (`to_node`: bytes
// from each GPU to each GPU's node, given at the GPU of the sender's index there), then over
// NVLink. `forwarded` are bytes from each GPU to the others of its node.
inline std::vector<Flow> TwoHopFlows(const Platform& platform, const ByteMatrix& to_node,
                                     const ByteMatrix& forwarded) {
  std::vector<Flow> flows;
  for (std::uint32_t from = 0; from < to_node.gpus; ++from) {
    for (std::uint32_t to = from % kGpusPerNode; to < to_node.gpus; to += kGpusPerNode) {
      const double bytes = to_node.at(from, to);
      if (from != to && bytes > 0) flows.push_back(GpuFlow(platform, from, to, bytes));
    }
    const std::uint32_t node = from - from % kGpusPerNode;
    for (std::uint32_t to = node; to < std::min(node + kGpusPerNode, to_node.gpus); ++to) {
      const double bytes = forwarded.at(from, to);
      if (from != to && bytes > 0) flows.push_back(GpuFlow(platform, from, to, bytes, 1));
    }
  }
  return flows;
}

// Sizes over three orders of magnitude, some pairs without any, some receivers hot.
inline ByteMatrix RandomMatrix(std::uint32_t gpus, Rng& rng) {
  ByteMatrix matrix{gpus, std::vector<double>(std::size_t{gpus} * gpus)};
  std::vector<double> heat(gpus);
  for (double& h : heat) h = std::exp(1.5 * rng.Uniform());
  for (std::uint32_t from = 0; from < gpus; ++from) {
    for (std::uint32_t to = 0; to < gpus; ++to) {
      const bool none = rng.Below(8) == 0;
      const double bytes = std::floor(2e3 * heat[to] * std::exp(std::log(1e3) * rng.Uniform()));
      matrix.bytes[from * gpus + to] = none ? 0.0 : bytes;
    }
  }
  return matrix;
}

// What dispatching tokens sends: each of `tokens` per GPU chooses 8 of 256 experts (spread evenly
// over the GPUs) whose popularity falls as rank^-0.5, ranks shuffled; 7,168 bytes a token (DeepSeek
// V3's hidden size in FP8). Direct: one copy per GPU. Two hops: one per remote node, then one per
// GPU there.
struct TokenTraffic {
  ByteMatrix direct, to_node, forwarded;
};
inline TokenTraffic DispatchTokens(std::uint32_t gpus, std::uint32_t tokens, std::uint64_t seed) {
  constexpr std::uint32_t kTopK = 8;
  constexpr double kTokenBytes = 7168;
  const std::uint32_t experts = std::max(256u, gpus);
  Rng rng(seed, Stream("dispatch_tokens"));
  std::vector<double> cumulative(experts);
  for (std::uint32_t e = 0; e < experts; ++e) cumulative[e] = 1.0 / std::sqrt(e + 1.0);
  for (std::uint32_t e = experts; e-- > 1;) {
    std::swap(cumulative[e], cumulative[rng.Below(e + 1)]);
  }
  for (std::uint32_t e = 1; e < experts; ++e) cumulative[e] += cumulative[e - 1];
  const ByteMatrix zero{gpus, std::vector<double>(std::size_t{gpus} * gpus)};
  TokenTraffic traffic{zero, zero, zero};
  std::vector<std::uint64_t> gpu_seen(gpus, 0);
  std::vector<std::uint64_t> node_seen(gpus, 0);
  for (std::uint64_t token = 0; token < std::uint64_t{gpus} * tokens; ++token) {
    const auto from = static_cast<std::uint32_t>(token / tokens);
    for (std::uint32_t k = 0; k < kTopK; ++k) {
      const double draw = rng.Uniform() * cumulative.back();
      const auto expert = std::lower_bound(cumulative.begin(), cumulative.end(), draw);
      const auto to = static_cast<std::uint32_t>(expert - cumulative.begin()) * gpus / experts;
      if (std::exchange(gpu_seen[to], token + 1) == token + 1) continue;
      traffic.direct.bytes[from * gpus + to] += kTokenBytes;
      const std::uint32_t relay = to - to % kGpusPerNode + from % kGpusPerNode;
      const bool remote = relay - relay % kGpusPerNode != from - from % kGpusPerNode;
      if (remote && std::exchange(node_seen[relay], token + 1) != token + 1) {
        traffic.to_node.bytes[from * gpus + relay] += kTokenBytes;
      }
      if (relay != to) traffic.forwarded.bytes[relay * gpus + to] += kTokenBytes;
    }
  }
  return traffic;
}

}  // namespace switchyard::testing
