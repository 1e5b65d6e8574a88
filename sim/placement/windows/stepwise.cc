#include "sim/placement/windows/stepwise.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/balance/layout.h"
#include "sim/placement/balance/undouble.h"

namespace switchyard {
namespace {

// Of the ranks that are most loaded in some scenario, so many of the most frequent are relieved.
constexpr std::size_t kHotRanks = 4;

struct Step {
  bool swap = false;
  std::uint32_t slot = 0;
  std::uint32_t other = 0;  // slot to exchange with, or the expert that the slot gets
};

class Stepwise {
 public:
  Stepwise(const PlacementProblem& problem, Layout layout, MoveScore& score)
      : shape_(problem.shape),
        limits_(problem.limits),
        layout_(std::move(layout)),
        score_(score),
        original_(std::size_t{shape_.experts} * shape_.ranks) {
    for (std::uint32_t slot = 0; slot < shape_.slots(); ++slot) {
      const ExpertIndex e = layout_.ExpertAt(slot);
      if (e != kNoExpert) original_[e * shape_.ranks + layout_.RankOf(slot)] = 1;
    }
  }

  Placement Run(double min_gain) {
    Read();
    while (!limits_.Expired() && BestStep(min_gain)) {
      Apply();
      Read();
    }
    return layout_.ToPlacement();
  }

 private:
  void Read() {
    slots_.clear();
    for (std::uint32_t slot = 0; slot < shape_.slots(); ++slot) {
      slots_.push_back(layout_.ExpertAt(slot));
    }
    score_.SetBase(slots_);
  }

  bool BestStep(double min_gain) {
    best_gain_ = min_gain;
    found_ = false;
    for (const std::uint32_t rank : score_.HottestRanks(kHotRanks)) {
      for (std::uint32_t i = 0; i < shape_.slots_per_rank; ++i) {
        TryStepsOf(layout_.FirstSlot(rank) + i);
      }
    }
    return found_;
  }

  // A slot of a hot rank: exchanged, given to another expert, its expert replicated elsewhere.
  void TryStepsOf(std::uint32_t slot) {
    for (std::uint32_t other = 0; other < shape_.slots(); ++other) {
      if (layout_.RankOf(other) != layout_.RankOf(slot)) Try({true, slot, other});
    }
    for (std::uint32_t e = 0; e < shape_.experts; ++e) Try({false, slot, e});
    const ExpertIndex hot = slots_[slot];
    if (hot == kNoExpert) return;
    for (std::uint32_t other = 0; other < shape_.slots(); ++other) Try({false, other, hot});
  }

  // 1 for a pair of rank and expert that the current placement does not have.
  [[nodiscard]] int Moved(std::uint32_t slot, std::uint32_t expert) const {
    if (expert == kNoExpert) return 0;
    return original_[expert * shape_.ranks + layout_.RankOf(slot)] != 0 ? 0 : 1;
  }

  // Slots rewritten beyond those of the steps so far; taking a step back costs a little too, so
  // that ratios stay finite.
  [[nodiscard]] double CostOf(const Step& step) const {
    int cost = 0;
    if (step.swap) {
      cost = Moved(step.slot, slots_[step.other]) + Moved(step.other, slots_[step.slot]) -
             Moved(step.slot, slots_[step.slot]) - Moved(step.other, slots_[step.other]);
    } else {
      cost = Moved(step.slot, step.other) - Moved(step.slot, slots_[step.slot]);
    }
    return std::max(cost, 1);
  }

  [[nodiscard]] bool Allowed(const Step& step) const {
    if (step.swap) return layout_.CanSwap(step.slot, step.other);
    return slots_[step.slot] != step.other && layout_.CanTransfer(step.slot, step.other);
  }

  void Try(const Step& step) {
    if (!Allowed(step)) return;
    const double cost = CostOf(step);
    const double limit = score_.base() - best_gain_ * cost;
    const double score = step.swap ? score_.OfSwap(step.slot, step.other, limit)
                                   : score_.OfTransfer(step.slot, step.other, limit);
    const double gain = (score_.base() - score) / cost;
    if (gain <= best_gain_) return;
    best_gain_ = gain;
    best_ = step;
    found_ = true;
  }

  void Apply() {
    if (best_.swap) {
      layout_.Swap(best_.slot, best_.other);
    } else {
      layout_.Transfer(best_.slot, best_.other);
    }
  }

  PlacementShape shape_;
  const SearchLimits& limits_;
  Layout layout_;
  MoveScore& score_;
  std::vector<std::uint8_t> original_;  // [experts, ranks]
  std::vector<ExpertIndex> slots_;      // as in the layout
  double best_gain_ = 0;
  Step best_;
  bool found_ = false;
};

}  // namespace

Placement ImproveStepwise(const PlacementProblem& problem, MoveScore& score,
                          const StepwiseRules& rules) {
  SWITCHYARD_CHECK(problem.current != nullptr, "improves the current placement");
  const Placement current = UndoubledCurrent(problem);
  Layout layout(problem.shape, problem.loads.Total(), problem.rules);
  layout.Start(current.expert_of_slot());
  if (!layout.KeepsRules()) return current;
  const std::uint32_t spent = SlotsMoved(*problem.current, current);
  layout.LimitMoves(rules.max_moves - std::min(rules.max_moves, spent));
  return Stepwise(problem, std::move(layout), score).Run(rules.min_gain);
}

}  // namespace switchyard
