// A warp finds the K largest keys of a row in memory, whatever K is: the least key that wins by
// bisection over its bits, then the winners in any order, then their places.
#pragma once

#include <cstdint>

#include "kernels/core/route_winners.h"

namespace switchyard::kernels {

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
