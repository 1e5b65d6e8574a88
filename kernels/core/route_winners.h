// A warp finds the K largest keys of a row, in order: one after the other, each with two reductions
// over the warp. For many of many see core/route_select.h.
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

}  // namespace switchyard::kernels
