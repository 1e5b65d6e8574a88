#include "sim/placement/bounds.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "sim/placement/balance/replica_counts.h"

namespace switchyard {
namespace {

// A rank with a replica of e has at least e's load over the ranks that hold e, d_e of them: d_e <=
// cap, and the sum of d_e is at most the number of slots. Water-filling gives the least possible
// largest quotient.
double HeaviestReplica(std::span<const double> loads, std::span<const std::uint32_t> counts) {
  double heaviest = 0;
  for (std::size_t e = 0; e < loads.size(); ++e) {
    heaviest = std::max(heaviest, loads[e] / counts[e]);
  }
  return heaviest;
}

// If no rank has more than `limit`, then expert e has at least need_e = ceil(load_e / limit)
// replicas, and all slots beyond those needs are at most `spare`: e has at most need_e + spare, and
// none of its replicas is lighter than load_e / (need_e + spare). Returns the sum of the `mates`
// lightest such replicas, each expert having at most so many.
double LightestMates(std::span<const double> loads, double slots, double limit,
                     std::uint32_t mates) {
  double spare = slots;
  std::vector<double> need(loads.size());
  for (std::size_t e = 0; e < loads.size(); ++e) {
    // Rounding may not raise a need: the quotient is taken a little smaller.
    need[e] = std::max(1.0, std::ceil(loads[e] / limit * (1 - 1e-12)));
    spare -= need[e];
  }
  spare = std::max(spare, 0.0);  // else `limit` is below the least heaviest replica anyway
  std::vector<std::pair<double, double>> replicas;  // load, number
  replicas.reserve(loads.size());
  for (std::size_t e = 0; e < loads.size(); ++e) {
    replicas.emplace_back(loads[e] / (need[e] + spare), need[e] + spare);
  }
  const std::size_t kept = std::min<std::size_t>(mates, replicas.size());
  std::partial_sort(replicas.begin(), replicas.begin() + static_cast<std::ptrdiff_t>(kept),
                    replicas.end());
  double sum = 0;
  double left = mates;
  for (std::size_t i = 0; i < kept && left > 0; ++i) {
    const double taken = std::min(left, replicas[i].second);
    sum += taken * replicas[i].first;
    left -= taken;
  }
  return sum;
}

// Some rank has the heaviest replica, at least `heaviest`, and slots - 1 others. A placement whose
// largest load is T satisfies T >= heaviest + LightestMates(T), whose right side does not grow with
// T: the least such T is a bound, found by bisection; its lower end is returned. Not looked for
// when it cannot exceed `known`.
double HeaviestWithMates(const PlacementShape& shape, std::span<const double> loads,
                         double heaviest, double known) {
  const std::uint32_t mates = shape.slots_per_rank - 1;
  double low = heaviest;
  double high = heaviest + LightestMates(loads, shape.slots(), heaviest, mates);
  if (high <= known) return low;
  for (int step = 0; step < 30 && high - low > 1e-9 * high; ++step) {
    const double middle = 0.5 * (low + high);
    const double least = heaviest + LightestMates(loads, shape.slots(), middle, mates);
    (least > middle ? low : high) = middle;
  }
  return low;
}

// Without redundant slots, loads sorted from the heaviest, G ranks of S slots:
// - of the kG + 1 heaviest experts some rank has k + 1 (pigeonhole): at least the k + 1 lightest
//   of them (Graham's argument for longest-processing-time-first);
double CountedByPigeonhole(std::span<const double> sorted, std::uint32_t ranks) {
  double best = 0;
  for (std::size_t k = 1; k * ranks < sorted.size(); ++k) {
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(k * ranks + 1);
    best = std::max(best, std::accumulate(end - static_cast<std::ptrdiff_t>(k + 1), end, 0.0));
  }
  return best;
}

// - the k heaviest are on k different ranks, which then have k (S - 1) others, at least the
//   lightest, and one of them at least the mean of all that; or two of them share a rank, which
//   has at least the two lightest of the k and the S - 2 lightest of all.
double CountedByMates(std::span<const double> sorted, const PlacementShape& shape) {
  const std::size_t experts = sorted.size();
  const std::size_t slots = shape.slots_per_rank;
  std::vector<double> lightest(experts + 1);  // sum of the i lightest
  for (std::size_t i = 0; i < experts; ++i) {
    lightest[i + 1] = lightest[i] + sorted[experts - 1 - i];
  }
  double best = sorted[0] + lightest[slots - 1];
  double heaviest = sorted[0];
  for (std::size_t k = 2; k <= shape.ranks && slots >= 2; ++k) {
    heaviest += sorted[k - 1];
    const double apart = (heaviest + lightest[k * (slots - 1)]) / static_cast<double>(k);
    const double together = sorted[k - 2] + sorted[k - 1] + lightest[slots - 2];
    best = std::max(best, std::min(apart, together));
  }
  return best;
}

}  // namespace

BalanceBound BoundBalance(const PlacementShape& shape, std::span<const double> loads,
                          const PlacementRules& rules) {
  const double total = std::accumulate(loads.begin(), loads.end(), 0.0);
  // Each rank has the mean or some rank has more.
  const double mean = total / shape.ranks;
  BalanceBound bound{mean, 1.0, "mean"};
  if (!(total > 0)) return bound;
  const auto consider = [&](double max_load, std::string_view argument) {
    // Differences of rounding do not make another argument the better one.
    if (max_load > bound.max_load * (1 + 1e-12)) bound = {max_load, mean / max_load, argument};
  };
  const std::uint32_t cap = ReplicaCap(shape, rules);
  const std::vector<std::uint32_t> counts = FillCounts(loads, shape.slots(), cap);
  const double heaviest = HeaviestReplica(loads, counts);
  consider(heaviest, "replicas");
  const bool full = std::uint64_t{shape.experts} * cap >= shape.slots();
  if (full) consider(HeaviestWithMates(shape, loads, heaviest, bound.max_load), "mates");
  if (shape.redundant() == 0) {
    std::vector<double> sorted(loads.begin(), loads.end());
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    consider(CountedByMates(sorted, shape), "mates");
    consider(CountedByPigeonhole(sorted, shape.ranks), "counting");
  }
  return bound;
}

}  // namespace switchyard
