#include "sim/placement/exact/fold_search.h"

#include <algorithm>
#include <numeric>

#include "sim/placement/balance/fold_repair.h"
#include "sim/placement/exact/fold_lp.h"

namespace switchyard {
namespace {

constexpr double kBisection = 5e-4;  // how exactly the reachable limit is found
constexpr double kAbove = 5e-4;      // from limit to limit in search of whole counts
constexpr std::uint32_t kStepsEach = 60;
constexpr std::uint32_t kMostExtraSteps = 1'000'000'000;
constexpr std::uint32_t kSteps = 900;  // of repair, 20 us each for 256 experts

class FoldSearch {
 public:
  FoldSearch(const FoldProblem& problem, std::span<const std::uint32_t> counts,
             const SearchLimits& limits, std::uint64_t seed)
      : problem_(problem),
        limits_(limits),
        seed_(seed),
        best_(counts.begin(), counts.end()),
        best_load_(FoldedLoad(problem.loads, counts)),
        near_(best_),
        steps_left_(kSteps + std::min(limits.iterations, kMostExtraSteps)) {}

  std::vector<std::uint32_t> Run(double lower) {
    const double reachable = LeastReachable(lower);
    double limit = reachable * (1 + kAbove);
    while (limit < best_load_ && Goes()) {
      if (Repair(limit)) break;
      limit *= 1 + kAbove;
    }
    // Whatever was found, what lies between it and the reachable limit is worth another look.
    while (best_load_ > reachable * (1 + 2 * kAbove) && Goes()) {
      Repair(0.5 * (reachable + best_load_));
    }
    return best_;
  }

 private:
  [[nodiscard]] bool Goes() const { return steps_left_ > 0 && !limits_.Expired(); }

  // The least limit within the linear program's reach; near_ becomes its rounded solution.
  double LeastReachable(double lower) {
    double high = best_load_;
    std::vector<std::uint32_t> hint = near_;
    while (high - lower > kBisection * high && !limits_.Expired()) {
      const double limit = 0.5 * (lower + high);
      const FoldGrid grid = MakeFoldGrid(problem_, limit, kNarrowFold);
      const bool possible = grid.Possible();
      const FoldMix mix = possible ? SolveFoldLp(problem_, grid, hint) : FoldMix{};
      if (mix.solved) hint = RoundMix(grid, mix);
      const bool reached = mix.solved && mix.missing < kFoldTolerance;
      (reached ? high : lower) = limit;
      if (reached) near_ = hint;
    }
    return high;
  }

  // Searches from near_, which becomes what was found; true when it keeps the limit.
  bool Repair(double limit) {
    const FoldGrid grid = MakeFoldGrid(problem_, limit, kNarrowFold);
    if (!grid.Possible()) {
      --steps_left_;
      return false;
    }
    FoldRepair repair(problem_, grid, seed_ + steps_left_);
    const bool kept = repair.Run(near_, std::min(kStepsEach, steps_left_));
    // An attempt counts a step even when it needs none, so that attempts end.
    steps_left_ -= std::min(steps_left_, repair.steps() + 1);
    const bool filled =
        std::accumulate(near_.begin(), near_.end(), std::uint32_t{0}) == problem_.slots;
    const double load = FoldedLoad(problem_.loads, near_);
    if (filled && load < best_load_) {
      best_load_ = load;
      best_ = near_;
    }
    return kept;
  }

  const FoldProblem& problem_;
  const SearchLimits& limits_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> best_;
  double best_load_;
  std::vector<std::uint32_t> near_;
  std::uint32_t steps_left_;
};

}  // namespace

std::vector<std::uint32_t> SearchFoldCounts(const FoldProblem& problem,
                                            std::span<const std::uint32_t> counts, double lower,
                                            const SearchLimits& limits, std::uint64_t seed) {
  return FoldSearch(problem, counts, limits, seed).Run(lower);
}

}  // namespace switchyard
