// What acts on one link or GPU over time, and the steps that it adds up to. Used by
// link_conditions.cc.
#pragma once

#include <optional>
#include <vector>

#include "topologies/disturb/disturbances.h"

namespace switchyard {

// In [from, until), with bursts only during these: multiplies what is left by `times`, then takes
// `less` off.
struct Effect {
  double times = 1.0;
  double less = 0.0;
  Seconds from;
  Seconds until = kForever;
  std::optional<Bursts> bursts;

  // How often it begins or ends.
  [[nodiscard]] double NumChanges() const;
  void AppendTimes(std::vector<double>& times_of_change) const;
  [[nodiscard]] bool ActsAt(Seconds time) const;
};

// From `time` on `left` of the nominal value.
struct Step {
  Seconds time;
  double left = 1.0;
};

// In order of time, neighbours different, the value before the first being 1.
[[nodiscard]] std::vector<Step> StepsOf(const std::vector<Effect>& effects);

}  // namespace switchyard
