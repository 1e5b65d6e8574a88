// What the paths between GPUs are like under a path selector: bandwidth, latency, shared links.
// Where the selector splits flows over several paths, each part counts with its share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// Up to this many GPUs every ordered pair is looked at; above, the pairs among the GPUs of nodes 0,
// 1, 2, 4, 8, ... and the last, of at most so many GPUs.
inline constexpr std::size_t kMaxSurveyedGpus = 2048;
// Up to this many, the bandwidth of every pair is kept.
inline constexpr std::size_t kMaxMatrixGpus = 512;

// Ordered pairs of GPUs whose paths have the same number of links, bandwidth and latency.
struct PairClass {
  std::size_t links = 0;     // of the longest path, if there are several
  BytesPerSecond bandwidth;  // of one flow alone: the least capacity for the share that crosses it
  Seconds latency;           // of the path that takes longest
  std::uint64_t pairs = 0;   // among those looked at
  DeviceId from, to;         // the first of them
};

struct PairSurvey {
  bool complete = false;                  // every pair was looked at
  std::vector<PairClass> classes;         // fewest links first, then by first pair
  std::vector<BytesPerSecond> bandwidth;  // [from * num_devices + to], 0 on the diagonal; empty
                                          // above kMaxMatrixGpus
  std::vector<double> pairs_per_link;     // by link; only when complete
};

// Every GPU must reach every other.
[[nodiscard]] PairSurvey SurveyPairs(const Platform& platform, const PathSelector& paths);

// A uniform all-to-all at its ideal speed: the link with the most pairs for its capacity.
struct AllToAllBound {
  LinkId bottleneck;
  Seconds per_byte;  // for one byte from every GPU to every other: pairs / capacity
};
// Empty when not every pair was looked at, or there is only one GPU.
[[nodiscard]] std::optional<AllToAllBound> UniformAllToAll(const Platform& platform,
                                                           const PairSurvey& survey);

}  // namespace switchyard
