// The tracks of a trace: which processes, threads and counters there are, in which order.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/graph/labels.h"
#include "sim/report/perfetto/packet_writer.h"
#include "sim/report/perfetto/perfetto.h"
#include "sim/report/perfetto/selection.h"

namespace switchyard::perfetto {

// Uuids of the tracks; 0 where there is none.
struct TrackLayout {
  std::uint64_t step = 0;
  std::uint64_t imbalance = 0;
  std::vector<std::array<std::uint64_t, kNumStreams>> streams;  // by device
  std::vector<std::uint64_t> links;                             // by link
  std::vector<std::uint64_t> device_tokens;                     // by device
  std::vector<std::vector<std::uint64_t>> slot_tokens;          // by device, expert slot
};

// Writes the descriptors of all tracks that may have events; links and streams without any get
// none.
[[nodiscard]] TrackLayout WriteTracks(const PerfettoInput& input, const Selection& selection,
                                      PacketWriter& writer);

}  // namespace switchyard::perfetto
