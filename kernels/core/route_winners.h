// A warp finds the K largest keys of a row, in order. Few: one after the other, each with two
// reductions over the warp. Many, from memory: the least key that wins by bisection, whatever K is.
#pragma once

#include <cstdint>

#include "kernels/core/host_warp.h"
#include "kernels/core/score.h"
#include "kernels/core/warp_rows.h"

namespace switchyard::kernels {

// An expert in the race. Larger keys win, then lower ranks.
struct Contender {
  std::uint32_t key;
  std::uint32_t rank;  // TieRank of the expert
};

// Lane l has the winners number l and 32 + l.
template <class W>
struct Winners {
  static constexpr std::uint32_t kSets = kMaxTopK / kWarpLanes;
  using Words = typename W::template Lanes<std::uint32_t>;

  Words key[kSets];                       // NOLINT: registers
  Words rank[kSets];                      // NOLINT: TieRank of the expert
  std::uint32_t last_key = kExcludedKey;  // of the worst winner
  std::uint32_t best_loser = kExcludedKey;
};

// The tie rank of the lane's expert in a slot. Ranks permute the bits of an expert's number, and
// the lane and the slot are different bits of it: their ranks add up.
SWITCHYARD_KERNEL_INLINE std::uint32_t RankOfLane(TieRule rule, std::uint32_t lane) {
  return TieRank(rule, kPerLane * lane);
}
SWITCHYARD_KERNEL_INLINE std::uint32_t RankOfSlot(TieRule rule, std::uint32_t slot) {
  const std::uint32_t expert = FirstOfSlot(slot);
  return rule == TieRule::kLowerIndex ? expert : TieRank(TieRule::kTransformerEngineNaive, expert);
}

template <class W, class Row>
SWITCHYARD_KERNEL_INLINE std::uint32_t LargestKey(const Row& row) {
  auto most = W::Fill(kExcludedKey);
  row.ForSlots([&](std::uint32_t slot) {
    most =
        W::Map([](std::uint32_t a, std::uint32_t b) { return a > b ? a : b; }, most, row.Get(slot));
  });
  return W::Max(most);
}

// The least rank among the experts with this key.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE std::uint32_t LeastRank(TieRule tie, const Row& row, std::uint32_t wanted,
                                                 const typename Row::Words& lane_rank) {
  auto least = W::Fill(0xFFFFFFFFU);
  row.ForSlots([&](std::uint32_t slot) {
    least = W::Map(
        [&](std::uint32_t before, std::uint32_t key, std::uint32_t rank_of_lane) {
          const std::uint32_t rank = rank_of_lane + RankOfSlot(tie, slot);
          return key == wanted && rank < before ? rank : before;
        },
        least, row.Get(slot), lane_rank);
  });
  return W::Min(least);
}

// Takes the expert of that rank out of the race; the largest key of the others.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE std::uint32_t Remove(TieRule tie, std::uint32_t rank,
                                              const typename Row::Words& lane_rank, Row& row) {
  auto most = W::Fill(kExcludedKey);
  row.ForSlots([&](std::uint32_t slot) {
    const auto key = W::Map(
        [&](std::uint32_t before, std::uint32_t rank_of_lane) {
          return rank_of_lane + RankOfSlot(tie, slot) == rank ? kExcludedKey : before;
        },
        row.Get(slot), lane_rank);
    row.Set(slot, key);
    most = W::Map([](std::uint32_t a, std::uint32_t b) { return a > b ? a : b; }, most, key);
  });
  return W::Max(most);
}

template <class W>
SWITCHYARD_KERNEL_INLINE void Clear(Winners<W>& winners) {
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    winners.key[set] = W::Fill(kExcludedKey);
    winners.rank[set] = W::Fill(std::uint32_t{0});
  }
}

// Puts a winner into the lane of its place.
template <class W>
SWITCHYARD_KERNEL_INLINE void Place(std::uint32_t place, const Contender& winner,
                                    Winners<W>& winners) {
  const auto lanes = W::LaneIds();
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    const auto put = [=](std::uint32_t word) {
      return [=](std::uint32_t lane, std::uint32_t before) {
        return set * kWarpLanes + lane == place ? word : before;
      };
    };
    winners.key[set] = W::Map(put(winner.key), lanes, winners.key[set]);
    winners.rank[set] = W::Map(put(winner.rank), lanes, winners.rank[set]);
  }
}

template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void PickWinners(const RouteSpec& spec, Row& row, Winners<W>& winners) {
  const auto lane_rank =
      W::Map([&](std::uint32_t lane) { return RankOfLane(spec.tie, lane); }, W::LaneIds());
  std::uint32_t largest = LargestKey<W>(row);
  Clear(winners);
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    const std::uint32_t rank = LeastRank<W>(spec.tie, row, largest, lane_rank);
    Place(k, {largest, rank}, winners);
    winners.last_key = largest;
    largest = Remove<W>(spec.tie, rank, lane_rank, row);
  }
  winners.best_loser = largest;
}

// Experts that are at least as good.
template <class W>
SWITCHYARD_KERNEL_INLINE std::uint32_t CountFrom(const MemoryRow<W>& row, const Contender& least) {
  auto count = W::Fill(std::uint32_t{0});
  row.ForSlots([&](std::uint32_t slot) {
    count = W::Map(
        [&](std::uint32_t lane, std::uint32_t key, std::uint32_t sum) {
          const std::uint32_t e = FirstOfSlot(slot) + kPerLane * lane;
          return sum + (key > least.key || (key == least.key && e <= least.rank) ? 1U : 0U);
        },
        W::LaneIds(), row.Get(slot), count);
  });
  return W::Sum(count);
}

// The worst of the winners: the largest key that K experts reach, bit by bit, then the lowest
// expert with which the winners are complete.
template <class W>
SWITCHYARD_KERNEL_INLINE Contender LeastWinner(const MemoryRow<W>& row, std::uint32_t top_k) {
  Contender least{0, 0};
  for (std::uint32_t bit = 0x80000000U; bit > 0; bit /= 2) {
    if (CountFrom(row, {least.key | bit, kMaxExperts}) >= top_k) least.key |= bit;
  }
  for (std::uint32_t bit = kMaxExperts / 2; bit > 0; bit /= 2) {
    if (CountFrom(row, {least.key, least.rank + bit - 1}) < top_k) least.rank += bit;
  }
  return least;
}

// The winners in any order: keys, then experts, kMaxTopK words each.
template <class W>
SWITCHYARD_KERNEL_INLINE void GatherWinners(const MemoryRow<W>& row, const Contender& least,
                                            std::uint32_t* scratch) {
  const auto lanes = W::LaneIds();
  std::uint32_t found = 0;
  row.ForSlots([&](std::uint32_t slot) {
    const auto key = row.Get(slot);
    const auto wins = W::Map(
        [&](std::uint32_t lane, std::uint32_t k) {
          const std::uint32_t e = FirstOfSlot(slot) + kPerLane * lane;
          return k > least.key || (k == least.key && e <= least.rank);
        },
        lanes, key);
    const std::uint32_t winning_lanes = W::Ballot(wins);
    W::Do(
        [&](std::uint32_t lane, std::uint32_t k, bool mine) {
          if (!mine) return;
          const std::uint32_t at = found + CountBits(winning_lanes & ((1U << lane) - 1U));
          scratch[at] = k;
          scratch[kMaxTopK + at] = FirstOfSlot(slot) + kPerLane * lane;
        },
        lanes, key, wins);
    found += CountBits(winning_lanes);
  });
  W::Sync();
}

// How many of the gathered winners are better: a winner's place.
template <class W>
SWITCHYARD_KERNEL_INLINE std::uint32_t PlaceOf(const Contender& winner, std::uint32_t top_k,
                                               const std::uint32_t* scratch) {
  std::uint32_t place = 0;
  for (std::uint32_t first = 0; first < kMaxTopK; first += kWarpLanes) {
    const auto beats = W::Map(
        [&](std::uint32_t lane) {
          const std::uint32_t i = first + lane;
          if (i >= top_k) return false;
          const bool lower = scratch[kMaxTopK + i] < winner.rank;
          return scratch[i] > winner.key || (scratch[i] == winner.key && lower);
        },
        W::LaneIds());
    place += CountBits(W::Ballot(beats));
  }
  return place;
}

// As PickWinners, for the lower index in ties. `scratch`: 2 * kMaxTopK words.
template <class W>
SWITCHYARD_KERNEL_INLINE void SelectWinners(const RouteSpec& spec, const MemoryRow<W>& row,
                                            std::uint32_t* scratch, Winners<W>& winners) {
  const Contender least = LeastWinner(row, spec.top_k);
  const std::uint32_t reaching = CountFrom(row, {least.key, kMaxExperts});
  winners.last_key = least.key;
  winners.best_loser = reaching > spec.top_k ? least.key : kExcludedKey;
  Clear(winners);
  GatherWinners(row, least, scratch);
  for (std::uint32_t i = 0; i < spec.top_k; ++i) {
    const Contender winner{scratch[i], scratch[kMaxTopK + i]};
    const std::uint32_t place = PlaceOf<W>(winner, spec.top_k, scratch);
    Place(place, winner, winners);
  }
  W::Sync();
}

}  // namespace switchyard::kernels
