// The numbers of one simulated step, as plain structs. metrics.h fills them; reporters only print
// them. Field names are those of the result JSON; times in seconds, sizes in bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace switchyard {

struct LoadResult {
  double max_over_mean = 1.0;  // hottest device over the mean, summed over MoE layers
  std::vector<std::uint64_t>
      per_device_tokens;  // token-expert pairs computed, all MoE layers of the step
};
struct DropResult {
  std::uint64_t choices_total = 0;
  std::uint64_t choices_dropped = 0;
  std::uint64_t tokens_fully_dropped = 0;  // (token, layer) pairs with every choice dropped
};
struct TrafficResult {
  double dispatch_bytes = 0;  // put on the network by dispatch, forwarded bytes included
  double combine_bytes = 0;
  double inter_node_bytes = 0;  // all flows whose ends are in different nodes
  double intra_node_bytes = 0;
  double bytes_per_device_max = 0;  // most bytes sent by one device
};
struct LinkResult {
  std::string name;
  std::string tier;
  double bytes = 0;
  double busy_s = 0;
  double utilization = 0;  // bytes / (mean capacity * step time)
};
struct MemoryResult {
  double per_device_peak_bytes = 0;
  bool fits = true;
};
struct EnergyResult {
  double total_j = 0;  // energy_j in the JSON; the sum of the parts below
  double per_token_j = 0;
  double compute_j = 0;
  double communication_j = 0;  // GPUs in communication and not in compute
  double idle_j = 0;
  double links_j = 0;
  double switches_j = 0;
};
struct ConservationResult {
  std::uint64_t tokens_in = 0;   // token-expert pairs chosen
  std::uint64_t tokens_out = 0;  // token-expert pairs computed, dropped or absent
  double bytes_sent = 0;
  double bytes_received = 0;
  bool ok = true;
  std::uint64_t absent = 0;  // of tokens_out: pairs that a trace does not hold
};
struct CollectiveResult {
  std::string name;
  std::uint32_t layer = 0;
  double time_s = 0;  // mean over devices of the time inside, summed over micro-batches
  double bytes = 0;
};
struct CriticalPathEntry {
  std::string name;
  double time_s = 0;
  std::uint32_t count = 0;
};
// One row for each device that holds the expert.
struct ExpertLoadRow {
  std::uint32_t layer = 0;
  std::uint32_t expert = 0;
  std::uint32_t device = 0;
  std::uint64_t chosen = 0;
  std::uint64_t kept = 0;
};
struct SimResult {
  double wall_s = 0;
  std::uint64_t events = 0;
  std::uint64_t flows = 0;
  std::uint64_t peak_rss_bytes = 0;
};

// Fidelity flow: how far the batching of flow ends may be off.
struct BatchingResult {
  double tolerance = 0;        // as asked for; 0: exact
  std::uint64_t solves = 0;    // of one connected set of flows each
  double widest_window_s = 0;  // rates are never staler than this
};

struct RunResult {
  int schema_version = 1;
  std::string scenario;
  std::uint64_t seed = 0;
  std::string fidelity;
  double step_time_s = 0;
  double tokens_per_s = 0;
  double tokens_per_s_per_device = 0;
  std::vector<std::pair<std::string, double>>
      breakdown_s;  // of the slowest device; sums to step_time_s
  std::uint32_t slowest_device = 0;
  double exposed_comm_s = 0;        // slowest device: in communication and not computing
  double overlap_fraction = 0;      // slowest device: share of its communication time under compute
  std::optional<LoadResult> load;   // MoE models
  std::optional<DropResult> drops;  // MoE models
  TrafficResult traffic;
  std::vector<LinkResult> links;  // links with traffic, busiest first, then by name
  MemoryResult memory;
  std::optional<EnergyResult> energy;  // when the devices' powers are known
  ConservationResult conservation;
  std::vector<CollectiveResult> collectives;
  std::vector<CriticalPathEntry>
      critical_path;                       // largest first; across devices, sums to step_time_s
  std::vector<ExpertLoadRow> experts;      // for the CSV
  std::string network_model;               // with every option that shapes its predictions
  std::vector<std::string> assumptions;    // one sentence each, for the text report
  std::optional<BatchingResult> batching;  // fidelity flow
  SimResult sim;
};

}  // namespace switchyard
