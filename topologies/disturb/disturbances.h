// What a cluster suffers from: slow and dead links, slow GPUs, jitter, clocks that differ,
// background traffic. Filled from scenarios/schema/disturbances.proto; each field's meaning is
// written there.
//
//   Disturbances d;
//   d.nics.push_back({"n001.nic0", {.factor = 0.25}});
//   Result<LinkConditions> links = LinkConditionsOf(d, platform, PathSelection::kRailAware);
//
// Names are those of Platform::VertexName and LinkName, with '*' for any text (names.h).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

namespace switchyard {

inline constexpr Seconds kForever{std::numeric_limits<double>::infinity()};

// Slower by `factor` in [from, until).
struct Slowdown {
  double factor = 1.0;  // of the nominal capacity or speed; 0: dead
  Seconds from;
  Seconds until = kForever;
};

struct NamedSlowdown {
  std::string name;  // of a link, a NIC or a GPU
  Slowdown slowdown;
};

enum class JitterKind : std::uint8_t { kNormal, kLogNormal, kExponential, kDelay };
enum class JitterPer : std::uint8_t { kTask, kStep };

struct Straggler {
  std::vector<std::string> gpus;  // empty: all
  JitterKind kind = JitterKind::kNormal;
  double sigma = 0.0;  // kDelay: not used
  Seconds delay;       // kDelay only
  JitterPer per = JitterPer::kTask;
};

// A GPU's speed for the whole step: factor * (1 + sigma * N(0, 1)), cut off below at kLeastFactor.
struct ClockSpread {
  std::vector<std::string> gpus;  // empty: all
  double factor = 1.0;
  double sigma = 0.0;
};

// Periods of `burst` seconds with traffic each `period` seconds, the first at `from`.
struct Bursts {
  Seconds period;
  Seconds burst;
};

// Either a share of the links named `link`, or `rate` from each GPU named `from` to the GPUs named
// `to`, evenly spread.
struct Background {
  std::string link;
  double share = 0.0;
  std::string from;
  std::string to;
  BytesPerSecond rate;
  Seconds start;
  Seconds until = kForever;
  std::optional<Bursts> bursts;  // only with a finite `until`
};

struct Disturbances {
  std::vector<NamedSlowdown> links;
  std::vector<NamedSlowdown> nics;
  std::vector<NamedSlowdown> gpus;
  std::vector<Straggler> stragglers;
  std::vector<ClockSpread> clocks;
  std::vector<Background> background;

  [[nodiscard]] bool empty() const {
    return links.empty() && nics.empty() && gpus.empty() && stragglers.empty() && clocks.empty() &&
           background.empty();
  }
};

}  // namespace switchyard
