// A queue of choices served in parallel with the result of serving it one by one: every choice's
// rank among the choices of its expert.
//
// The queue is cut into tiles, one warp each. A warp counts its tile (CountTile); the counts of an
// expert over the tiles are summed (ExclusiveSum), which gives the rank that each tile begins with;
// then each warp goes through its tile again and ranks (RankTile). Only integers are added, and
// what a lane gets depends on its place, so the order in which warps run changes nothing.
//
// `Warp` is what 32 lanes do together: DeviceWarp (cuda/device_warp.cuh) on a GPU, an emulation in
// the tests. It has
//   Lanes                        a number per lane
//   Map(f), Each(f)              f(lane) in every lane; Map keeps the results
//   At(lanes, lane)              the number of lane `lane`, asked for by that lane only
//   MatchAny(lanes)              a bit for each lane with the same number
//   ShuffleUp(lanes, n)          the number of the lane n below
//   Last(lanes)                  the number of lane 31
//   Popcount(bits), Sync()
#pragma once

#include <cstdint>

#include "kernels/core/queue.h"
#include "kernels/views.h"

namespace switchyard::kernels::core {

// In every lane the sum up to and with it.
template <class Warp>
[[nodiscard]] SWITCHYARD_HOST_DEVICE typename Warp::Lanes InclusiveSum(typename Warp::Lanes x) {
  for (std::uint32_t step = 1; step < kWarpLanes; step *= 2) {
    const typename Warp::Lanes below = Warp::ShuffleUp(x, step);
    x = Warp::Map([&](std::uint32_t lane) {
      return Warp::At(x, lane) + (lane >= step ? Warp::At(below, lane) : 0);
    });
  }
  return x;
}

// values[i] becomes first + values[0] + … + values[i - 1]. Returns first + all of them.
template <class Warp>
SWITCHYARD_HOST_DEVICE std::uint32_t ExclusiveSum(std::uint32_t* values, std::uint32_t count,
                                                  std::uint32_t first) {
  for (std::uint32_t begin = 0; begin < count; begin += kWarpLanes) {
    const typename Warp::Lanes x = Warp::Map([&](std::uint32_t lane) -> std::uint32_t {
      return begin + lane < count ? values[begin + lane] : 0;
    });
    const typename Warp::Lanes sum = InclusiveSum<Warp>(x);
    Warp::Each([&](std::uint32_t lane) {
      if (begin + lane < count) {
        values[begin + lane] = first + Warp::At(sum, lane) - Warp::At(x, lane);
      }
    });
    first += Warp::Last(sum);
  }
  return first;
}

// Every lane's next rank of its expert; lower lanes first. `next` has a counter per expert, for
// this warp alone. Lanes with an expert at or above `experts` get 0 and count nowhere.
template <class Warp>
[[nodiscard]] SWITCHYARD_HOST_DEVICE typename Warp::Lanes NextRanks(
    const typename Warp::Lanes& expert, std::uint32_t experts, std::uint32_t* next) {
  const typename Warp::Lanes peers = Warp::MatchAny(expert);
  const typename Warp::Lanes rank = Warp::Map([&](std::uint32_t lane) -> std::uint32_t {
    const std::uint32_t e = Warp::At(expert, lane);
    const std::uint32_t lower = Warp::At(peers, lane) & ((1U << lane) - 1);
    return e < experts ? next[e] + Warp::Popcount(lower) : 0;
  });
  Warp::Sync();
  Warp::Each([&](std::uint32_t lane) {
    const std::uint32_t e = Warp::At(expert, lane);
    const bool highest = Warp::At(peers, lane) >> lane == 1;
    if (e < experts && highest) next[e] = Warp::At(rank, lane) + 1;
  });
  Warp::Sync();
  return rank;
}

// The experts of 32 places; none from `end` on.
template <class Warp>
[[nodiscard]] SWITCHYARD_HOST_DEVICE typename Warp::Lanes ExpertsAt(const Queue& queue,
                                                                    std::uint32_t begin,
                                                                    std::uint32_t end) {
  return Warp::Map([&](std::uint32_t lane) -> std::uint32_t {
    const std::uint32_t place = begin + lane;
    return place < end ? queue.ExpertAt(queue.IndexAt(place)) : queue.experts;
  });
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t TileEnd(const Queue& queue,
                                                                  const Tiling& tiling,
                                                                  std::uint32_t tile) {
  const std::uint32_t begin = tile * tiling.length;
  return queue.size() - begin < tiling.length ? queue.size() : begin + tiling.length;
}

// count: zeros before, the choices of each expert in the tile after.
template <class Warp>
SWITCHYARD_HOST_DEVICE void CountTile(const Queue& queue, const Tiling& tiling, std::uint32_t tile,
                                      std::uint32_t* count) {
  const std::uint32_t end = TileEnd(queue, tiling, tile);
  for (std::uint32_t begin = tile * tiling.length; begin < end; begin += kWarpLanes) {
    static_cast<void>(NextRanks<Warp>(ExpertsAt<Warp>(queue, begin, end), queue.experts, count));
  }
}

// next: the rank that each expert's first choice in the tile has. A choice is kept when its rank is
// below the capacity.
template <class Warp>
SWITCHYARD_HOST_DEVICE void RankTile(const Queue& queue, const Tiling& tiling, std::uint32_t tile,
                                     std::uint32_t* next, std::uint32_t capacity) {
  const std::uint32_t end = TileEnd(queue, tiling, tile);
  for (std::uint32_t begin = tile * tiling.length; begin < end; begin += kWarpLanes) {
    const typename Warp::Lanes expert = ExpertsAt<Warp>(queue, begin, end);
    const typename Warp::Lanes rank = NextRanks<Warp>(expert, queue.experts, next);
    Warp::Each([&](std::uint32_t lane) {
      if (begin + lane >= end) return;
      const bool served = Warp::At(expert, lane) < queue.experts;
      const std::uint32_t r = Warp::At(rank, lane);
      queue.Settle(queue.IndexAt(begin + lane), served && r < capacity, r);
    });
  }
}

// counts: experts times tiles; the capacity of every expert.
struct RankPlan {
  Tiling tiling;
  std::uint32_t* counts = nullptr;
  std::uint32_t capacity = 0;
};

struct RankOutputs {
  std::uint32_t* first = nullptr;   // [E]: ranks begin here and go on after; null: 0
  std::uint32_t* wanted = nullptr;  // [E] or null: where ranks end
  std::uint32_t* kept = nullptr;    // [E] or null: the same, at most the capacity
};

// One expert: counts of the tiles become first ranks.
template <class Warp>
SWITCHYARD_HOST_DEVICE void SumExpert(const RankPlan& plan, std::uint32_t expert,
                                      const RankOutputs& out) {
  const std::uint32_t first = out.first != nullptr ? out.first[expert] : 0;
  const std::uint32_t end =
      ExclusiveSum<Warp>(plan.counts + static_cast<std::uint64_t>(expert) * plan.tiling.tiles,
                         plan.tiling.tiles, first);
  Warp::Sync();
  Warp::Each([&](std::uint32_t lane) {
    if (lane != 0) return;
    if (out.first != nullptr) out.first[expert] = end;
    if (out.wanted != nullptr) out.wanted[expert] = end;
    if (out.kept != nullptr) out.kept[expert] = end < plan.capacity ? end : plan.capacity;
  });
}

}  // namespace switchyard::kernels::core
