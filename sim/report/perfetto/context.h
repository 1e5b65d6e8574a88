// What the writers of slices and counters share.
#pragma once

#include <vector>

#include "sim/report/perfetto/layout.h"
#include "sim/report/perfetto/moe_index.h"
#include "sim/report/perfetto/perfetto.h"
#include "sim/report/perfetto/selection.h"

namespace switchyard::perfetto {

struct TraceContext {
  const PerfettoInput& input;
  const Selection& selection;
  const MoeIndex& moe;
  const TrackLayout& tracks;
  std::vector<const TraceMoeLoad*> load_of_group;  // by group of `moe`; null where not known
};

// One slice for each selected task and device, with its arguments and arrows.
void WriteSlices(const TraceContext& context, PacketWriter& writer);

// Traffic of links in GB/s; links of one counter add up, and so do overlapping transfers.
void WriteLinkCounters(const TraceContext& context, PacketWriter& writer);

// Tokens of devices and of their expert slots, and the imbalance of the cluster.
void WriteMoeCounters(const TraceContext& context, PacketWriter& writer);

}  // namespace switchyard::perfetto
