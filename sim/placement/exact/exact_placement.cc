#include "sim/placement/exact/exact_placement.h"

#include <coin/CbcModel.hpp>
#include <coin/CoinPackedMatrix.hpp>
#include <coin/CoinPackedVector.hpp>
#include <coin/OsiClpSolverInterface.hpp>

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/placement/balance/replica_counts.h"
#include "sim/placement/bounds.h"
#include "sim/placement/evaluate.h"

namespace switchyard {
namespace {

constexpr double kGap = 1e-6;  // of the bound: what counts as proven

// Columns: the largest load; for each expert and number of replicas r, whether it has r, and for
// each rank whether one of the r is there.
class ExactModel {
 public:
  explicit ExactModel(const PlacementProblem& problem)
      : problem_(problem),
        shape_(problem.shape),
        cap_(std::min(ReplicaCap(shape_, problem.rules), shape_.redundant() + 1)) {
    AddCounts();
    AddRanks();
    if (problem.rules.replicas_on_distinct_nodes && shape_.nodes() > 1) AddNodes();
    if (problem.rules.max_moves && problem.current != nullptr) AddMoves();
  }

  void LoadInto(OsiClpSolverInterface& solver, double least) const {
    const int columns = static_cast<int>(Columns());
    CoinPackedMatrix matrix(false, 0, 0);
    matrix.setDimensions(0, columns);
    for (const CoinPackedVector& row : rows_) matrix.appendRow(row);
    const std::vector<double> zero(Columns(), 0.0);
    std::vector<double> lower = zero;
    lower[0] = least;
    std::vector<double> upper(Columns(), 1.0);
    upper[0] = solver.getInfinity();
    std::vector<double> cost = zero;
    cost[0] = 1.0;
    solver.loadProblem(matrix, lower.data(), upper.data(), cost.data(), row_lower_.data(),
                       row_upper_.data());
    for (int c = 1; c < columns; ++c) solver.setInteger(c);
  }

  [[nodiscard]] Placement PlacementOf(const double* solution) const {
    std::vector<ExpertIndex> expert_of_slot(shape_.slots(), kNoExpert);
    std::vector<std::uint32_t> filled(shape_.ranks);
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
        bool here = false;
        for (std::uint32_t r = 1; r <= cap_; ++r) here |= solution[On(e, r, rank)] > 0.5;
        if (!here) continue;
        expert_of_slot[rank * shape_.slots_per_rank + filled[rank]++] = static_cast<ExpertIndex>(e);
      }
    }
    return {shape_.ranks, shape_.slots_per_rank, shape_.experts, std::move(expert_of_slot)};
  }

 private:
  [[nodiscard]] std::size_t Columns() const {
    return 1 + std::size_t{shape_.experts} * cap_ * (1 + shape_.ranks);
  }
  [[nodiscard]] int Has(std::uint32_t e, std::uint32_t r) const {
    return static_cast<int>(1 + (e * cap_ + r - 1) * (1 + shape_.ranks));
  }
  [[nodiscard]] int On(std::uint32_t e, std::uint32_t r, std::uint32_t rank) const {
    return Has(e, r) + 1 + static_cast<int>(rank);
  }
  void AddRow(const CoinPackedVector& row, double lower, double upper) {
    rows_.push_back(row);
    row_lower_.push_back(lower);
    row_upper_.push_back(upper);
  }

  // One number of replicas for each expert, and so many ranks, all different.
  void AddCounts() {
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      CoinPackedVector one;
      for (std::uint32_t r = 1; r <= cap_; ++r) {
        one.insert(Has(e, r), 1.0);
        CoinPackedVector ranks;
        ranks.insert(Has(e, r), -static_cast<double>(r));
        for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
          ranks.insert(On(e, r, rank), 1.0);
          CoinPackedVector only_if;
          only_if.insert(On(e, r, rank), 1.0);
          only_if.insert(Has(e, r), -1.0);
          AddRow(only_if, -kInfinity, 0);
        }
        AddRow(ranks, 0, 0);
      }
      AddRow(one, 1, 1);
    }
  }

  // Slots are full where they can be; no load above the largest.
  void AddRanks() {
    const bool full = std::uint64_t{shape_.experts} * cap_ >= shape_.slots();
    const std::span<const double> loads = problem_.loads.Total();
    for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
      CoinPackedVector slots;
      CoinPackedVector load;
      load.insert(0, -1.0);
      for (std::uint32_t e = 0; e < shape_.experts; ++e) {
        for (std::uint32_t r = 1; r <= cap_; ++r) {
          slots.insert(On(e, r, rank), 1.0);
          load.insert(On(e, r, rank), loads[e] / r);
        }
      }
      AddRow(slots, full ? shape_.slots_per_rank : 0, shape_.slots_per_rank);
      AddRow(load, -kInfinity, 0);
    }
  }

  void AddNodes() {
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      for (std::uint32_t r = 2; r <= cap_; ++r) {
        for (std::uint32_t node = 0; node < shape_.nodes(); ++node) AddNode(e, r, node);
      }
    }
  }
  // r replicas are on r nodes, at most one on each; or, if there are fewer nodes, on every node.
  void AddNode(std::uint32_t e, std::uint32_t r, std::uint32_t node) {
    CoinPackedVector row;
    row.insert(Has(e, r), -1.0);
    for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
      if (shape_.NodeOfRank(rank) == node) row.insert(On(e, r, rank), 1.0);
    }
    const bool few = r <= shape_.nodes();
    AddRow(row, few ? -kInfinity : 0, few ? 0 : kInfinity);
  }

  void AddMoves() {
    const Placement& current = *problem_.current;
    CoinPackedVector moved;
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      std::vector<bool> holds(shape_.ranks);
      for (const std::uint32_t slot : current.SlotsOf(e)) holds[current.RankOf(slot)] = true;
      for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
        for (std::uint32_t r = 1; r <= cap_ && !holds[rank]; ++r) moved.insert(On(e, r, rank), 1);
      }
    }
    AddRow(moved, 0, *problem_.rules.max_moves);
  }

  static constexpr double kInfinity = std::numeric_limits<double>::max();  // COIN_DBL_MAX
  const PlacementProblem& problem_;
  const PlacementShape& shape_;
  std::uint32_t cap_;
  std::vector<CoinPackedVector> rows_;
  std::vector<double> row_lower_;
  std::vector<double> row_upper_;
};

}  // namespace

ExactResult ExactPlacement(const PlacementProblem& problem, double time_limit_s) {
  const std::span<const double> loads = problem.loads.Total();
  ExactResult result;
  result.lower_bound = BoundBalance(problem.shape, loads, problem.rules).max_load;
  OsiClpSolverInterface solver;
  solver.messageHandler()->setLogLevel(0);
  const ExactModel exact(problem);
  exact.LoadInto(solver, result.lower_bound);
  CbcModel model(solver);
  model.setLogLevel(0);
  model.setMaximumSeconds(time_limit_s);
  model.setAllowableGap(0.1 * kGap * result.lower_bound);
  model.branchAndBound();
  if (model.bestSolution() == nullptr) return result;
  result.found = true;
  result.placement = exact.PlacementOf(model.bestSolution());
  const std::vector<double> rank_loads = RankLoads(result.placement, loads, TokenSplit::kUniform);
  result.max_load = *std::max_element(rank_loads.begin(), rank_loads.end());
  if (model.isProvenOptimal()) result.lower_bound = result.max_load / (1 + kGap);
  result.lower_bound =
      std::max(result.lower_bound, std::min(model.getBestPossibleObjValue(), result.max_load));
  result.proven = result.max_load <= result.lower_bound * (1 + 2 * kGap);
  return result;
}

}  // namespace switchyard
