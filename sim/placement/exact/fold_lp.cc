#include "sim/placement/exact/fold_lp.h"

#include <coin/CbcModel.hpp>
#include <coin/CbcStrategy.hpp>
#include <coin/ClpSimplex.hpp>
#include <coin/OsiClpSolverInterface.hpp>

#include <algorithm>
#include <numeric>

#include "sim/placement/balance/replica_counts.h"

namespace switchyard {
namespace {

// Rows: a share of 1 for each expert; the slots; the balance of each bin. Columns: the options; the
// partners left over in each bin; those missing there.
class FoldModel {
 public:
  FoldModel(const FoldProblem& problem, const FoldGrid& grid)
      : grid_(grid),
        experts_(static_cast<int>(problem.loads.size())),
        options_(static_cast<int>(grid.options.size())),
        bins_(static_cast<int>(grid.bins)) {
    AddOptions();
    AddBins();
    const std::vector<double> lower(static_cast<std::size_t>(Columns()), 0.0);
    const std::vector<double> upper(static_cast<std::size_t>(Columns()), COIN_DBL_MAX);
    std::vector<double> cost(static_cast<std::size_t>(Columns()), 0.0);
    std::fill(cost.end() - bins_, cost.end(), 1.0);
    std::vector<double> sides(static_cast<std::size_t>(Rows()), 0.0);
    std::fill(sides.begin(), sides.begin() + experts_, 1.0);
    sides[static_cast<std::size_t>(experts_)] = problem.slots;
    model_.setLogLevel(0);
    model_.loadProblem(Columns(), Rows(), start_.data(), row_.data(), value_.data(), lower.data(),
                       upper.data(), cost.data(), sides.data(), sides.data());
  }

  // The basis in which every expert has one count; what it lacks or has left over in each bin
  // follows. It is feasible when the counts fill the slots.
  void StartFrom(std::span<const std::uint32_t> counts) {
    model_.createStatus();
    for (int c = 0; c < Columns(); ++c) model_.setColumnStatus(c, ClpSimplex::atLowerBound);
    for (int r = 0; r < Rows(); ++r) model_.setRowStatus(r, ClpSimplex::atLowerBound);
    std::vector<std::int64_t> supply(grid_.bins);
    for (std::uint32_t e = 0; e < counts.size(); ++e) {
      const std::uint32_t option = grid_.Nearest(e, counts[e]);
      model_.setColumnStatus(static_cast<int>(option), ClpSimplex::basic);
      supply[grid_.options[option].bin] += grid_.options[option].supply;
    }
    model_.setRowStatus(experts_, ClpSimplex::basic);
    std::int64_t left = 0;
    for (int b = 0; b < bins_; ++b) {
      left += supply[static_cast<std::size_t>(b)];
      model_.setColumnStatus(left < 0 ? options_ + bins_ + b : options_ + b, ClpSimplex::basic);
      left = std::max<std::int64_t>(left, 0);
    }
  }

  // Whole counts: one option for each expert.
  FoldMix SolveWhole(double time_limit_s) {
    OsiClpSolverInterface solver(&model_);
    solver.messageHandler()->setLogLevel(0);
    for (int c = 0; c < options_; ++c) solver.setInteger(c);
    CbcModel search(solver);
    CbcStrategyDefault strategy(1, 5, 5);
    strategy.setupPreProcessing(2);
    search.setStrategy(strategy);
    search.setLogLevel(0);
    search.setMaximumSeconds(time_limit_s);
    search.setCutoff(1 - kFoldTolerance);  // missing partners are whole: 0 is all that is wanted
    search.branchAndBound();
    FoldMix mix;
    mix.solved = search.bestSolution() != nullptr || search.isProvenInfeasible();
    mix.missing = search.bestSolution() != nullptr ? search.getObjValue() : 1;
    if (search.bestSolution() == nullptr) return mix;
    mix.share.assign(search.bestSolution(), search.bestSolution() + options_);
    return mix;
  }

  FoldMix Solve() {
    model_.primal(1);
    FoldMix mix;
    mix.solved = model_.status() == 0;
    mix.missing = model_.objectiveValue();
    mix.share.assign(model_.primalColumnSolution(), model_.primalColumnSolution() + options_);
    const double* const dual = model_.dualRowSolution();
    mix.slot_price = dual[experts_];
    mix.price.assign(dual + experts_ + 1, dual + Rows());
    return mix;
  }

 private:
  [[nodiscard]] int Rows() const { return experts_ + 1 + bins_; }
  [[nodiscard]] int Columns() const { return options_ + 2 * bins_; }
  void Add(int row, double value) {
    row_.push_back(row);
    value_.push_back(value);
  }
  void AddOptions() {
    for (const FoldOption& option : grid_.options) {
      start_.push_back(static_cast<CoinBigIndex>(row_.size()));
      Add(static_cast<int>(option.expert), 1.0);
      Add(experts_, option.count);
      Add(experts_ + 1 + static_cast<int>(option.bin), -option.supply);
    }
  }
  void AddBins() {
    for (int b = 0; b < bins_; ++b) {
      start_.push_back(static_cast<CoinBigIndex>(row_.size()));
      Add(experts_ + 1 + b, 1.0);
      if (b + 1 < bins_) Add(experts_ + 2 + b, -1.0);
    }
    for (int b = 0; b < bins_; ++b) {
      start_.push_back(static_cast<CoinBigIndex>(row_.size()));
      Add(experts_ + 1 + b, -1.0);
    }
    start_.push_back(static_cast<CoinBigIndex>(row_.size()));
  }

  const FoldGrid& grid_;
  int experts_;
  int options_;
  int bins_;
  std::vector<CoinBigIndex> start_;
  std::vector<int> row_;
  std::vector<double> value_;
  ClpSimplex model_;
};

// The cheapest of all counts of an expert at the prices of a mix. Counts that the grid does not
// have join its bins as if they came early (partners) or late (needs): cheaper than they are.
double CheapestCount(const FoldProblem& problem, const FoldGrid& grid, const FoldMix& mix,
                     double load, double spare) {
  const double least = LeastCount(load, grid.limit);
  const double most = std::min<double>(least + spare, problem.cap);
  double cheapest = COIN_DBL_MAX;
  for (double count = least; count <= most; ++count) {
    const double replica = load / count;
    const bool small = replica <= grid.limit / 2;
    const std::uint32_t bin = grid.BinAt(small ? replica : grid.limit - replica);
    const double supply = small ? count : -count;
    cheapest = std::min(cheapest, mix.price[bin] * supply - mix.slot_price * count);
  }
  return cheapest;
}

bool ProvenOutOfReach(const FoldProblem& problem, const FoldGrid& grid, FoldMix mix) {
  double spare = problem.slots;
  for (const double load : problem.loads) spare -= LeastCount(load, grid.limit);
  if (spare < 0) return true;
  double highest = 0;
  for (std::size_t b = mix.price.size(); b-- > 0;) {
    highest = mix.price[b] = std::clamp(mix.price[b], -1.0, highest);
  }
  double missing = mix.slot_price * problem.slots;
  for (const double load : problem.loads) {
    missing += CheapestCount(problem, grid, mix, load, spare);
  }
  return missing > kFoldTolerance;
}

}  // namespace

FoldMix SolveFoldLp(const FoldProblem& problem, const FoldGrid& grid,
                    std::span<const std::uint32_t> counts) {
  FoldModel model(problem, grid);
  model.StartFrom(counts);
  return model.Solve();
}

FoldMix SolveFoldMilp(const FoldProblem& problem, const FoldGrid& grid, double time_limit_s) {
  return FoldModel(problem, grid).SolveWhole(time_limit_s);
}

double FoldLpBound(const FoldProblem& problem) {
  constexpr double kWithin = 1e-4;
  constexpr std::uint32_t kWide = 16;  // prices from fewer counts prove less
  std::vector<std::uint32_t> near = FillCounts(problem.loads, problem.slots, problem.cap);
  // The mean load of a rank, and the heaviest replica: water-filling makes it lightest.
  double heaviest = 0;
  for (std::size_t e = 0; e < near.size(); ++e) {
    heaviest = std::max(heaviest, problem.loads[e] / near[e]);
  }
  const double total = std::accumulate(problem.loads.begin(), problem.loads.end(), 0.0);
  double low = std::max(heaviest, 2 * total / problem.slots);
  double high = FoldedLoad(problem.loads, near);
  while (high - low > kWithin * high) {
    const double limit = 0.5 * (low + high);
    const FoldGrid grid = MakeFoldGrid(problem, limit, kWide);
    if (!grid.Possible()) return low;
    const FoldMix mix = SolveFoldLp(problem, grid, near);
    if (!mix.solved) return low;
    near = RoundMix(grid, mix);
    const bool proven = mix.missing > kFoldTolerance && ProvenOutOfReach(problem, grid, mix);
    (proven ? low : high) = limit;
  }
  return low;
}

std::vector<std::uint32_t> RoundMix(const FoldGrid& grid, const FoldMix& mix) {
  std::vector<std::uint32_t> counts(grid.first.size() - 1);
  for (std::uint32_t e = 0; e < counts.size(); ++e) {
    const auto begin = mix.share.begin() + grid.first[e];
    const auto end = mix.share.begin() + grid.first[e + 1];
    counts[e] =
        grid.options[static_cast<std::size_t>(std::max_element(begin, end) - mix.share.begin())]
            .count;
  }
  return counts;
}

}  // namespace switchyard
