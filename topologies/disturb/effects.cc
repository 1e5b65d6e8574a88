#include "topologies/disturb/effects.h"

#include <algorithm>
#include <cmath>

namespace switchyard {

double Effect::NumChanges() const {
  constexpr double kBeginAndEnd = 2.0;
  if (!bursts) return kBeginAndEnd;
  return kBeginAndEnd * std::ceil((until - from) / bursts->period);
}

void Effect::AppendTimes(std::vector<double>& times_of_change) const {
  if (!bursts) {
    times_of_change.push_back(from.value);
    if (until != kForever) times_of_change.push_back(until.value);
    return;
  }
  for (std::size_t i = 0;; ++i) {
    // Not by adding periods up: the last burst begins where its number says.
    const Seconds begin = from + static_cast<double>(i) * bursts->period;
    if (begin >= until) return;
    times_of_change.push_back(begin.value);
    times_of_change.push_back(std::min(begin + bursts->burst, until).value);
  }
}

bool Effect::ActsAt(Seconds time) const {
  if (time < from || time >= until) return false;
  if (!bursts) return true;
  const double periods = (time - from) / bursts->period;
  return (periods - std::floor(periods)) * bursts->period < bursts->burst;
}

std::vector<Step> StepsOf(const std::vector<Effect>& effects) {
  std::vector<double> times;
  for (const Effect& effect : effects) effect.AppendTimes(times);
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  std::vector<Step> steps;
  double before = 1.0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    // In the middle between two changes, where rounding cannot put an effect on the wrong side.
    const Seconds middle{i + 1 < times.size() ? (times[i] + times[i + 1]) / 2 : times[i] + 1.0};
    double left = 1.0;
    double less = 0.0;
    for (const Effect& effect : effects) {
      if (!effect.ActsAt(middle)) continue;
      left *= effect.times;
      less += effect.less;
    }
    left -= less;
    if (left != before) steps.push_back({{times[i]}, left});
    before = left;
  }
  return steps;
}

}  // namespace switchyard
