#include "sim/placement/balance/local_search.h"

#include <algorithm>
#include <array>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

// A move counts when it gains more than rounding can.
constexpr double kGain = 1 - 1e-12;

struct Move {
  double max_load;  // of the ranks that it changes
  std::uint32_t slot;
  std::uint32_t other;  // Swap: the other slot; Transfer: the expert
};

// The best exchange between a slot of rank `from` and one of rank `to`. The heavier rank should
// give away half the difference of the two; both ranks' slots are sorted, so that the partner of
// each slot is found by one pass over both.
void BestSwapWith(const Layout& layout, std::uint32_t from, std::uint32_t to, Move& best) {
  const std::uint32_t slots = layout.shape().slots_per_rank;
  const double high = layout.RankLoad(from);
  const double low = layout.RankLoad(to);
  const double half = 0.5 * (high - low);
  const std::uint32_t first = layout.FirstSlot(from);
  const std::uint32_t other_first = layout.FirstSlot(to);
  std::uint32_t j = 0;
  for (std::uint32_t i = 0; i < slots; ++i) {
    const double load = layout.SlotLoad(first + i);
    while (j < slots && layout.SlotLoad(other_first + j) > load - half) ++j;
    // Around the ideal partner: one that is heavier than it and two that are lighter.
    for (std::uint32_t k = j > 0 ? j - 1 : 0; k < std::min(slots, j + 2); ++k) {
      const double given = load - layout.SlotLoad(other_first + k);
      const double max_load = std::max(high - given, low + given);
      if (max_load < best.max_load && layout.CanSwap(first + i, other_first + k)) {
        best = {max_load, first + i, other_first + k};
      }
    }
  }
}

bool ImproveBySwap(Layout& layout, std::uint32_t heaviest) {
  const double high = layout.RankLoad(heaviest);
  Move best{high * kGain, 0, 0};
  const double start = best.max_load;
  for (std::uint32_t rank = 0; rank < layout.shape().ranks; ++rank) {
    // Nothing is better than both ranks equal.
    if (0.5 * (high + layout.RankLoad(rank)) >= best.max_load) continue;
    BestSwapWith(layout, heaviest, rank, best);
  }
  if (best.max_load == start) return false;
  layout.Swap(best.slot, best.other);
  return true;
}

// What the other replicas of an expert do when one of them goes: all grow by `growth`, and the
// ranks that have them reach at most highest[0] (highest[1] when that is the one that goes).
struct Withdrawal {
  double growth = 0;
  std::array<double, 2> highest{0, 0};
  std::uint32_t highest_rank = 0;

  [[nodiscard]] double Others(std::uint32_t rank) const {
    return rank == highest_rank ? highest[1] : highest[0];
  }
};

Withdrawal WithdrawalOf(const Layout& layout, std::uint32_t e) {
  Withdrawal result;
  const std::uint32_t count = layout.Count(e);
  result.growth = layout.ExpertLoad(e) / (count - 1) - layout.ExpertLoad(e) / count;
  for (const std::uint16_t rank : layout.RanksOf(e)) {
    const double load = layout.RankLoad(rank) + result.growth;
    if (load > result.highest[0]) {
      result.highest = {load, result.highest[0]};
      result.highest_rank = rank;
    } else {
      result.highest[1] = std::max(result.highest[1], load);
    }
  }
  return result;
}

double LoadWithOneMore(const Layout& layout, std::uint32_t e) {
  return layout.ExpertLoad(e) / (layout.Count(e) + 1);
}

// One of the heaviest rank's slots goes to an expert that is lighter there.
void BestTransferInto(const Layout& layout, std::uint32_t heaviest, Move& best) {
  const std::uint32_t first = layout.FirstSlot(heaviest);
  for (std::uint32_t slot = first; slot < first + layout.shape().slots_per_rank; ++slot) {
    const ExpertIndex out = layout.ExpertAt(slot);
    if (out == kNoExpert || layout.Count(out) < 2) continue;
    const double others = WithdrawalOf(layout, out).Others(heaviest);
    if (others >= best.max_load) continue;
    const double rest = layout.RankLoad(heaviest) - layout.SlotLoad(slot);
    for (std::uint32_t e = 0; e < layout.shape().experts; ++e) {
      const double max_load = std::max(others, rest + LoadWithOneMore(layout, e));
      if (max_load < best.max_load && layout.CanTransfer(slot, e)) best = {max_load, slot, e};
    }
  }
}

// A slot of another rank goes to an expert of the heaviest rank, whose replica there gets lighter.
void BestTransferFrom(const Layout& layout, std::uint32_t heaviest, Move& best) {
  const PlacementShape& shape = layout.shape();
  for (std::uint32_t slot = 0; slot < shape.slots(); ++slot) {
    const std::uint32_t rank = layout.RankOf(slot);
    const ExpertIndex out = layout.ExpertAt(slot);
    if (rank == heaviest || (out != kNoExpert && layout.Count(out) < 2)) continue;
    double others = 0;
    if (out != kNoExpert) {
      if (layout.Holds(heaviest, out)) continue;
      others = WithdrawalOf(layout, out).Others(rank);
    }
    if (others >= best.max_load) continue;
    const double rest = layout.RankLoad(rank) - layout.SlotLoad(slot);
    const std::uint32_t first = layout.FirstSlot(heaviest);
    for (std::uint32_t own = first; own < first + shape.slots_per_rank; ++own) {
      const ExpertIndex e = layout.ExpertAt(own);
      if (e == kNoExpert) continue;
      const double load = LoadWithOneMore(layout, e);
      const double relieved = layout.RankLoad(heaviest) - layout.SlotLoad(own) + load;
      const double max_load = std::max({others, rest + load, relieved});
      if (max_load < best.max_load && layout.CanTransfer(slot, e)) best = {max_load, slot, e};
    }
  }
}

bool ImproveByTransfer(Layout& layout, std::uint32_t heaviest) {
  if (layout.shape().redundant() == 0) return false;
  Move best{layout.RankLoad(heaviest) * kGain, 0, 0};
  const double start = best.max_load;
  BestTransferInto(layout, heaviest, best);
  BestTransferFrom(layout, heaviest, best);
  if (best.max_load == start) return false;
  layout.Transfer(best.slot, best.other);
  return true;
}

// The expert for an empty slot; `experts` when none may have it.
std::uint32_t BestForEmpty(const Layout& layout, std::uint32_t slot, double max_load) {
  const std::uint32_t experts = layout.shape().experts;
  const double rank_load = layout.RankLoad(layout.RankOf(slot));
  std::uint32_t best = experts;
  double best_score = 0;
  for (std::uint32_t e = 0; e < experts; ++e) {
    if (!layout.CanTransfer(slot, e)) continue;
    const double load = LoadWithOneMore(layout, e);
    const bool fits = rank_load + load <= max_load;
    // Relief where it fits, never less than what does not fit.
    const double score = fits ? layout.ReplicaLoad(e) - load : -load;
    if (best == experts || score > best_score) {
      best = e;
      best_score = score;
    }
  }
  return best;
}

// A few slots change hands where the rules allow it.
void Perturb(Layout& layout, Rng& rng) {
  const PlacementShape& shape = layout.shape();
  constexpr int kMoves = 2;
  for (int move = 0; move < kMoves; ++move) {
    const auto a = static_cast<std::uint32_t>(rng.Below(shape.slots()));
    if (shape.redundant() > 0 && rng.Below(2) == 0) {
      const auto e = static_cast<std::uint32_t>(rng.Below(shape.experts));
      if (layout.CanTransfer(a, e)) layout.Transfer(a, e);
      continue;
    }
    const std::uint32_t heaviest = layout.FirstSlot(layout.MostLoadedRank());
    const auto b = heaviest + static_cast<std::uint32_t>(rng.Below(shape.slots_per_rank));
    if (layout.RankOf(a) != layout.RankOf(b) && layout.CanSwap(a, b)) layout.Swap(a, b);
  }
}

}  // namespace

void Descend(Layout& layout, double enough, const SearchLimits& limits) {
  constexpr int kLookAtClockEvery = 16;
  for (int step = 1;; ++step) {
    const std::uint32_t heaviest = layout.MostLoadedRank();
    if (layout.RankLoad(heaviest) <= enough) return;
    if (step % kLookAtClockEvery == 0 && limits.Expired()) return;
    if (!ImproveBySwap(layout, heaviest) && !ImproveByTransfer(layout, heaviest)) return;
  }
}

void FillEmptySlots(Layout& layout) {
  const std::uint32_t per_rank = layout.shape().slots_per_rank;
  for (std::uint32_t rank = 0; rank < layout.shape().ranks; ++rank) {
    // Empty slots are the last of a rank, and a filled one moves forward.
    const std::uint32_t last = layout.FirstSlot(rank) + per_rank - 1;
    while (layout.ExpertAt(last) == kNoExpert) {
      const std::uint32_t e = BestForEmpty(layout, last, layout.MaxLoad());
      if (e == layout.shape().experts) break;
      layout.Transfer(last, e);
    }
  }
}

void PerturbAndDescend(Layout& layout, double enough, const SearchLimits& limits,
                       std::uint64_t seed) {
  Rng rng(seed, Stream("placement_perturbation"));
  Layout best = layout;
  double best_load = best.MaxLoad();
  for (std::uint32_t i = 0; i < limits.iterations && best_load > enough; ++i) {
    if (limits.Expired()) break;
    Perturb(layout, rng);
    Descend(layout, enough, limits);
    const double load = layout.MaxLoad();
    if (load <= best_load) {
      best = layout;
      best_load = load;
    } else {
      layout = best;
    }
  }
  layout = best;
}

}  // namespace switchyard
