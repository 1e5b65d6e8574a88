#include "sim/placement/windows/window_search.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/rng.h"
#include "sim/placement/balance/layout.h"
#include "sim/placement/balance/packing.h"
#include "sim/placement/balance/replica_counts.h"
#include "sim/placement/balance/undouble.h"

namespace switchyard {
namespace {

// Of three moves two are exchanges.
constexpr std::uint64_t kMoveKinds = 3;

class Search {
 public:
  Search(const PlacementProblem& problem, Layout layout, PlacementScore& score)
      : shape_(problem.shape),
        layout_(std::move(layout)),
        score_(score),
        rng_(problem.seed, Stream("window search")) {
    for (std::uint32_t slot = 0; slot < shape_.slots(); ++slot) {
      slots_.push_back(layout_.ExpertAt(slot));
    }
    best_ = score_.Of(slots_, std::numeric_limits<double>::infinity());
  }

  void Run(std::uint64_t tries, const SearchLimits& limits) {
    for (std::uint64_t i = 0; i < tries && !limits.Expired(); ++i) {
      const auto slot = static_cast<std::uint32_t>(rng_.Below(slots_.size()));
      if (rng_.Below(kMoveKinds) == 0) {
        TryTransfer(slot, static_cast<ExpertIndex>(rng_.Below(shape_.experts)));
      } else {
        TrySwap(slot, static_cast<std::uint32_t>(rng_.Below(slots_.size())));
      }
    }
  }

  [[nodiscard]] Placement Result() const {
    return {shape_.ranks, shape_.slots_per_rank, shape_.experts, slots_};
  }

 private:
  // The layout keeps a rank's slots in an order of its own.
  [[nodiscard]] std::uint32_t InLayout(std::uint32_t slot) const {
    std::uint32_t at = layout_.FirstSlot(layout_.RankOf(slot));
    while (layout_.ExpertAt(at) != slots_[slot]) ++at;
    return at;
  }

  [[nodiscard]] bool Improves() {
    const double score = score_.Of(slots_, best_);
    if (score > best_) return false;
    best_ = score;
    return true;
  }

  void TrySwap(std::uint32_t a, std::uint32_t b) {
    if (layout_.RankOf(a) == layout_.RankOf(b) || slots_[a] == slots_[b]) return;
    const std::uint32_t in_layout_a = InLayout(a);
    const std::uint32_t in_layout_b = InLayout(b);
    if (!layout_.CanSwap(in_layout_a, in_layout_b)) return;
    std::swap(slots_[a], slots_[b]);
    if (Improves()) {
      layout_.Swap(in_layout_a, in_layout_b);
    } else {
      std::swap(slots_[a], slots_[b]);
    }
  }

  void TryTransfer(std::uint32_t slot, ExpertIndex expert) {
    const std::uint32_t in_layout = InLayout(slot);
    if (slots_[slot] == expert || !layout_.CanTransfer(in_layout, expert)) return;
    const ExpertIndex before = std::exchange(slots_[slot], expert);
    if (Improves()) {
      layout_.Transfer(in_layout, expert);
    } else {
      slots_[slot] = before;
    }
  }

  PlacementShape shape_;
  Layout layout_;
  PlacementScore& score_;
  Rng rng_;
  std::vector<ExpertIndex> slots_;
  double best_ = 0;
};

}  // namespace

Placement PackedStart(const PlacementProblem& problem) {
  const PlacementShape& shape = problem.shape;
  const std::span<const double> loads = problem.loads.Total();
  const std::vector<std::uint32_t> counts =
      FillCounts(loads, shape.slots(), ReplicaCap(shape, problem.rules));
  return {shape.ranks, shape.slots_per_rank, shape.experts,
          PackDistinct(shape, loads, counts, problem.rules)};
}

Placement SearchWindows(const PlacementProblem& problem, const Placement& start,
                        PlacementScore& score, WindowSearchEffort effort) {
  const bool limited = problem.current != nullptr && problem.rules.max_moves.has_value();
  const Placement from = limited ? UndoubledCurrent(problem) : start;
  Layout layout(problem.shape, problem.loads.Total(), problem.rules);
  layout.Start(from.expert_of_slot());
  if (!layout.KeepsRules()) return from;
  if (limited) layout.LimitMoves(MovesLeft(problem, from));
  Search search(problem, std::move(layout), score);
  // A try costs as much as there are slots: the tries of large layers are bounded by their cost.
  constexpr std::uint64_t kMostCost = 2'000'000;
  const std::uint64_t slots = problem.shape.slots();
  const std::uint64_t tries =
      std::min(effort.tries_per_slot * slots, std::max<std::uint64_t>(1, kMostCost / slots));
  search.Run(tries + problem.limits.iterations * slots, problem.limits);
  return search.Result();
}

}  // namespace switchyard
