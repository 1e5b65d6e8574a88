// Balanced: replica counts by water-filling, packing heaviest first with distinct replicas, local
// search on the total load; from EPLB's placement too, so that it is never worse than that one
// where the rules allow it. It stops at the bound.
#include <algorithm>
#include <iterator>
#include <optional>

#include "sim/placement/balance/eplb.h"
#include "sim/placement/balance/layout.h"
#include "sim/placement/balance/local_search.h"
#include "sim/placement/balance/packing.h"
#include "sim/placement/balance/replica_counts.h"
#include "sim/placement/balance/undouble.h"
#include "sim/placement/bounds.h"
#include "sim/placement/exact/fold_search.h"
#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

// Nearer to the bound than this nobody looks.
constexpr double kNearEnough = 1 + 1e-6;

// EPLB's placement, second replicas on a rank taken out and their slots given to others. None where
// it breaks the rules otherwise.
std::optional<Layout> StartFromEplb(const PlacementProblem& problem) {
  const std::span<const double> loads = problem.loads.Total();
  const Placement eplb = EplbPlacement(problem.shape, loads, EplbMode::kGlobal);
  const auto slots = eplb.expert_of_slot();
  std::vector<ExpertIndex> expert_of_slot(slots.begin(), slots.end());
  for (std::uint32_t slot = 0; slot < expert_of_slot.size(); ++slot) {
    const auto first = expert_of_slot.begin() + eplb.RankOf(slot) * problem.shape.slots_per_rank;
    const auto place = expert_of_slot.begin() + slot;
    if (std::find(first, place, *place) != place) *place = kNoExpert;
  }
  Layout layout(problem.shape, loads, problem.rules);
  layout.Start(expert_of_slot);
  if (!layout.KeepsRules()) return std::nullopt;
  FillEmptySlots(layout);
  return layout;
}

// The fewer slots a rank has, the further the first local optimum is from the best: unless it is
// near the bound the search goes on for some rounds of 5 to 20 us each, within the millisecond that
// a layer may take at four slots and more, and the 50 ms below.
void GoOn(const PlacementProblem& problem, double enough, Layout& layout) {
  constexpr std::uint32_t kRounds[] = {0, 0, 300, 1000};
  constexpr std::uint32_t kRoundsOfMore = 20;
  constexpr double kNear = 1 + 2e-4;
  const std::uint32_t slots = problem.shape.slots_per_rank;
  SearchLimits limits = problem.limits;
  limits.iterations = slots < std::size(kRounds) ? kRounds[slots] : kRoundsOfMore;
  PerturbAndDescend(layout, enough * kNear, limits, problem.seed);
  PerturbAndDescend(layout, enough, problem.limits, problem.seed + 1);
}

Layout FromCounts(const PlacementProblem& problem, std::span<const std::uint32_t> counts,
                  double enough) {
  const std::span<const double> loads = problem.loads.Total();
  Layout layout(problem.shape, loads, problem.rules);
  layout.Start(PackDistinct(problem.shape, loads, counts, problem.rules));
  Descend(layout, enough, problem.limits);
  return layout;
}

// With two slots a rank everything depends on the counts (balance/fold.h).
void TryFolding(const PlacementProblem& problem, std::span<const std::uint32_t> counts,
                double enough, Layout& layout) {
  const PlacementShape& shape = problem.shape;
  const std::uint32_t cap = ReplicaCap(shape, problem.rules);
  const bool full = std::uint64_t{shape.experts} * cap >= shape.slots();
  if (shape.slots_per_rank != 2 || shape.redundant() == 0 || !full) return;
  if (layout.MaxLoad() <= enough || shape.slots() > kMostFoldSlots) return;
  const FoldProblem fold{problem.loads.Total(), shape.slots(), cap};
  const auto found = SearchFoldCounts(fold, counts, enough, problem.limits, problem.seed);
  Layout folded = FromCounts(problem, found, enough);
  if (folded.MaxLoad() < layout.MaxLoad()) layout = std::move(folded);
}

Layout FromScratch(const PlacementProblem& problem, double enough) {
  const PlacementShape& shape = problem.shape;
  const std::uint32_t cap = ReplicaCap(shape, problem.rules);
  const std::vector<std::uint32_t> counts = FillCounts(problem.loads.Total(), shape.slots(), cap);
  Layout layout = FromCounts(problem, counts, enough);
  TryFolding(problem, counts, enough, layout);
  if (layout.MaxLoad() <= enough) return layout;
  std::optional<Layout> eplb = StartFromEplb(problem);
  if (eplb) {
    Descend(*eplb, enough, problem.limits);
    if (eplb->MaxLoad() < layout.MaxLoad()) layout = *std::move(eplb);
  }
  GoOn(problem, enough, layout);
  return layout;
}

// With few moves: what improves the current placement most, move by move.
Placement FromCurrent(const PlacementProblem& problem, double enough) {
  const Placement current = UndoubledCurrent(problem);
  Layout layout(problem.shape, problem.loads.Total(), problem.rules);
  layout.Start(current.expert_of_slot());
  if (!layout.KeepsRules()) return current;
  layout.LimitMoves(MovesLeft(problem, current));
  Descend(layout, enough, problem.limits);
  PerturbAndDescend(layout, enough, problem.limits, problem.seed);
  return layout.ToPlacement();
}

class Balanced : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "balanced"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const BalanceBound bound = BoundBalance(problem.shape, problem.loads.Total(), problem.rules);
    const double enough = bound.max_load * kNearEnough;
    Placement placement = FromScratch(problem, enough).ToPlacement();
    if (problem.current == nullptr || !problem.rules.max_moves ||
        SlotsMoved(*problem.current, placement) <= *problem.rules.max_moves) {
      return placement;
    }
    return FromCurrent(problem, enough);
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeBalancedPlacement() { return std::make_unique<Balanced>(); }

}  // namespace switchyard
