#include <algorithm>
#include <vector>

#include "sim/metrics/metrics.h"

namespace switchyard {

std::vector<double> MeanCapacity(std::size_t num_links, std::span<const LinkChange> changes,
                                 Seconds end) {
  std::vector<double> mean(num_links, 1.0);
  if (end <= Seconds{}) return mean;
  std::vector<LinkChange> in_order(changes.begin(), changes.end());
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const LinkChange& a, const LinkChange& b) { return a.time < b.time; });
  // Each change adds the difference to the factor before it, for the rest of the time.
  std::vector<double> factor(num_links, 1.0);
  for (const LinkChange& change : in_order) {
    const std::size_t link = change.link.index();
    const double rest = 1.0 - std::clamp(change.time / end, 0.0, 1.0);
    mean[link] += (change.factor - factor[link]) * rest;
    factor[link] = change.factor;
  }
  return mean;
}

}  // namespace switchyard
