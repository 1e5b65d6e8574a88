// A simulated step as a Perfetto trace (.pftrace): open it at https://ui.perfetto.dev.
//
//   PerfettoInput input{graph, timeline, DeviceTrackNames(nodes), nodes, ...};
//   AtomicFile file("step.pftrace");
//   Result<PerfettoSummary> written = WritePerfetto(input, {}, file.stream());
//
// Layout: a process "Cluster" with the whole step and the expert imbalance; one process for each
// device with a thread for each stream (compute, comm, copy) and counters of its links and tokens;
// processes for nodes and the fabric where links belong to them. Slices carry the operation's name
// and, as arguments, what varies. Arrows lead from dispatch over expert_gemm to combine on each
// device, and to each expert_gemm from the dispatch of the device whose data came last.
//
// Contract: pure but for the stream, same input, same bytes; memory beyond the input is of the
// order of the timeline, not of the file. Whole layers are left out, the last ones first, when the
// trace would have more than max_events events; the trace's attributes say so.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/result.h"
#include "sim/base/units.h"
#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"

namespace switchyard {

// Which process shows the traffic of a link.
enum class TraceOwner : std::uint8_t { kNobody, kDevice, kNode, kFabric };

// Links of one owner with the same name share a counter, which shows their sum.
struct TraceLink {
  TraceOwner owner = TraceOwner::kNobody;
  std::uint32_t index = 0;  // the device or node
  std::string name;         // "NVLink TX"
  BytesPerSecond capacity;
};

// Tokens that the experts of one MoE layer compute for one micro-batch.
struct TraceMoeLoad {
  std::uint32_t layer = 0;
  std::uint32_t micro_batch = 0;
  std::vector<std::uint64_t> device_tokens;             // by device
  std::vector<std::vector<std::uint64_t>> slot_tokens;  // by device, expert slot; may be empty
};

// What each device of a transfer task's group sends and receives, in the group's order.
struct TransferBytes {
  std::vector<double> sent;
  std::vector<double> received;
};

struct PerfettoInput {
  const ActivityGraph& graph;
  const Timeline& timeline;
  std::vector<std::string> device_names;      // "GPU 0029 (node 03 gpu 5)"
  std::vector<NodeId> node_of_device;         // devices are numbered node by node
  std::vector<TraceLink> links;               // by link, or empty: no link counters
  std::vector<TraceMoeLoad> moe_loads;        // one for each (layer, micro-batch), or empty
  std::vector<TransferBytes> transfer_bytes;  // by task, entries empty where not known; or empty
  std::vector<std::pair<std::string, std::string>> metadata;  // keys distinct: scenario, seed, ...
};

struct PerfettoOptions {
  // Opens within seconds in a browser; measured limits are about ten times higher.
  std::uint64_t max_events = 2'000'000;
};

struct PerfettoSummary {
  std::uint64_t events = 0;  // slice begins and ends, counter samples
  std::uint32_t layers_in_step = 0;
  std::uint32_t layers_written = 0;
};

// Fails when the step is too long for 63 bits of nanoseconds. Whether the stream took the bytes is
// for its owner to check (AtomicFile::Commit).
[[nodiscard]] Result<PerfettoSummary> WritePerfetto(const PerfettoInput& input,
                                                    const PerfettoOptions& options,
                                                    std::ostream& out);

// "GPU 0029 (node 03 gpu 5)" for each device, numbers padded so that names sort as numbers do.
[[nodiscard]] std::vector<std::string> DeviceTrackNames(const std::vector<NodeId>& node_of_device);

}  // namespace switchyard
