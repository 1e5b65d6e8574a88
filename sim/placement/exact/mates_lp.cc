#include "sim/placement/exact/mates_lp.h"

#include <coin/ClpSimplex.hpp>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "sim/placement/balance/replica_counts.h"

namespace switchyard {
namespace {

constexpr int kValues = 24;  // of b, evenly from 0 to limit / mates
constexpr double kMissing = 1e-7;
constexpr std::uint32_t kCounts = 8;  // options of an expert in the program; the proof takes all

struct Question {
  double limit = 0;
  double mates = 1;

  // What one replica adds to each inequality, left minus right, in units of the limit.
  [[nodiscard]] std::array<double, kValues> Excess(double replica) const {
    std::array<double, kValues> excess{};
    for (int i = 0; i < kValues; ++i) {
      const double b = limit / mates * (i + 1) / kValues;
      double sum = -std::max(0.0, b - replica);
      if (replica > limit / 2) sum += std::max(0.0, replica + mates * b - limit);
      excess[static_cast<std::size_t>(i)] = sum / limit;
    }
    return excess;
  }
};

struct Prices {
  bool solved = false;
  double missing = 0;
  double slot = 0;
  std::array<double, kValues> excess{};
};

struct Option {
  std::uint32_t expert;
  double count;
};

std::vector<Option> OptionsOf(const FoldProblem& problem, double limit) {
  std::vector<Option> options;
  for (std::uint32_t e = 0; e < problem.loads.size(); ++e) {
    const double least = LeastCount(problem.loads[e], limit);
    const double to = std::min<double>(problem.cap, least + kCounts);
    for (double count = least; count <= to; ++count) options.push_back({e, count});
  }
  return options;
}

// Rows: a share of 1 for each expert, the slots, the inequalities. Columns: the options, and by how
// much each inequality is missed, whose sum is minimised.
Prices Solve(const FoldProblem& problem, const Question& question) {
  const auto experts = static_cast<int>(problem.loads.size());
  const std::vector<Option> options = OptionsOf(problem, question.limit);
  std::vector<CoinBigIndex> start;
  std::vector<int> row;
  std::vector<double> value;
  const auto add = [&](int r, double v) {
    row.push_back(r);
    value.push_back(v);
  };
  for (const Option& option : options) {
    start.push_back(static_cast<CoinBigIndex>(row.size()));
    add(static_cast<int>(option.expert), 1);
    add(experts, option.count);
    const auto excess = question.Excess(problem.loads[option.expert] / option.count);
    for (int i = 0; i < kValues; ++i) {
      const double each = excess[static_cast<std::size_t>(i)];
      if (each != 0) add(experts + 1 + i, option.count * each);
    }
  }
  for (int i = 0; i < kValues; ++i) {
    start.push_back(static_cast<CoinBigIndex>(row.size()));
    add(experts + 1 + i, -1);
  }
  start.push_back(static_cast<CoinBigIndex>(row.size()));
  const std::size_t rows = problem.loads.size() + 1 + kValues;
  const std::size_t columns = options.size() + kValues;
  const std::vector<double> lower(columns, 0.0);
  const std::vector<double> upper(columns, COIN_DBL_MAX);
  std::vector<double> cost(columns, 0.0);
  std::fill(cost.end() - kValues, cost.end(), 1.0);
  std::vector<double> least(rows, 1.0);
  least[problem.loads.size()] = problem.slots;
  std::fill(least.end() - kValues, least.end(), -COIN_DBL_MAX);
  std::vector<double> most = least;
  std::fill(most.end() - kValues, most.end(), 0.0);
  ClpSimplex model;
  model.setLogLevel(0);
  model.loadProblem(static_cast<int>(columns), static_cast<int>(rows), start.data(), row.data(),
                    value.data(), lower.data(), upper.data(), cost.data(), least.data(),
                    most.data());
  model.dual();
  Prices prices;
  prices.solved = model.status() == 0;
  prices.missing = model.objectiveValue();
  const double* const dual = model.dualRowSolution();
  prices.slot = dual[experts];
  for (int i = 0; i < kValues; ++i) {
    prices.excess[static_cast<std::size_t>(i)] = std::max(0.0, -dual[experts + 1 + i]);
  }
  return prices;
}

// Weak duality: with prices of at least 0 for what exceeds, and any for slots, a placement within
// the limit has priced excess at most 0. Is the least over all counts, expert by expert, above it?
bool ProvenOutOfReach(const FoldProblem& problem, const Question& question, const Prices& prices) {
  double spare = problem.slots;
  for (const double load : problem.loads) spare -= LeastCount(load, question.limit);
  if (spare < 0) return true;
  double sum = prices.slot * problem.slots;
  for (const double load : problem.loads) {
    const double least = LeastCount(load, question.limit);
    double cheapest = COIN_DBL_MAX;
    for (double count = least; count <= std::min<double>(problem.cap, least + spare); ++count) {
      const auto excess = question.Excess(load / count);
      const double each =
          std::inner_product(excess.begin(), excess.end(), prices.excess.begin(), -prices.slot);
      cheapest = std::min(cheapest, count * each);
    }
    sum += cheapest;
  }
  return sum > kMissing;
}

}  // namespace

double MatesLpBound(const FoldProblem& problem, std::uint32_t slots_per_rank) {
  constexpr double kWithin = 3e-4;
  const std::vector<std::uint32_t> counts = FillCounts(problem.loads, problem.slots, problem.cap);
  double heaviest = 0;  // of all counts the least that it can be
  for (std::size_t e = 0; e < counts.size(); ++e) {
    heaviest = std::max(heaviest, problem.loads[e] / counts[e]);
  }
  const double total = std::accumulate(problem.loads.begin(), problem.loads.end(), 0.0);
  double low = std::max(heaviest, total / problem.slots * slots_per_rank);
  double high = std::max(low, 2 * heaviest);  // then nothing is above half of it
  while (high - low > kWithin * high) {
    const Question question{0.5 * (low + high), static_cast<double>(slots_per_rank - 1)};
    const Prices prices = Solve(problem, question);
    const bool proven =
        prices.solved && prices.missing > kMissing && ProvenOutOfReach(problem, question, prices);
    (proven ? low : high) = question.limit;
  }
  return low;
}

}  // namespace switchyard
