// The group limit on a warp: experts outside the best groups lose their keys. In registers for
// groups that are whole lanes, a power of two of them; in memory for any.
#pragma once

#include <cstdint>

#include "kernels/core/host_warp.h"
#include "kernels/core/score.h"
#include "kernels/core/warp_rows.h"

namespace switchyard::kernels {

SWITCHYARD_KERNEL_INLINE bool LimitsGroups(const RouteSpec& spec) {
  return spec.topk_groups < spec.groups;
}

// Can LimitGroupsOfLanes do it?
inline bool GroupsAreLanes(const RouteSpec& spec) {
  constexpr std::uint32_t kPair = 2;
  const std::uint32_t members = static_cast<std::uint32_t>(spec.experts) / spec.groups;
  const bool power_of_two = (members & (members - 1U)) == 0;
  const bool few = spec.group_score == GroupScore::kMax || spec.group_top_n <= kPair;
  return power_of_two && members >= kPerLane && members <= kChunk && few;
}

SWITCHYARD_KERNEL_INLINE std::uint32_t MaskedKey(const RouteSpec& spec) {
  return spec.masked == MaskedGroups::kZeroKey ? OrderedKey(0.0F) : kExcludedKey;
}

// The two largest keys of a group so far.
struct TopTwo {
  std::uint32_t first = kExcludedKey;
  std::uint32_t second = kExcludedKey;
};
SWITCHYARD_KERNEL_INLINE TopTwo With(const TopTwo& top, std::uint32_t key) {
  const std::uint32_t smaller = key < top.first ? key : top.first;
  return {key > top.first ? key : top.first, smaller > top.second ? smaller : top.second};
}

SWITCHYARD_KERNEL_INLINE std::uint32_t GroupKeyOf(const RouteSpec& spec, const TopTwo& top) {
  if (spec.group_score == GroupScore::kMax || spec.group_top_n == 1) return top.first;
  return KeyUnder(spec.nan, det::Add(FloatOfKey(top.first), FloatOfKey(top.second)));
}

// The key of the lane's group, in the first slot of each chunk.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void FindGroupKeys(const RouteSpec& spec, const Row& row,
                                            std::uint32_t group_lanes, Row& group_key) {
  row.ForChunks([&](std::uint32_t chunk) {
    auto top = W::Fill(TopTwo{});
    SWITCHYARD_UNROLL
    for (std::uint32_t j = 0; j < kPerLane; ++j) {
      top = W::Map([](const TopTwo& t, std::uint32_t key) { return With(t, key); }, top,
                   row.Get(chunk * kPerLane + j));
    }
    for (std::uint32_t distance = 1; distance < group_lanes; distance *= 2) {
      const auto first = W::Map([](const TopTwo& t) { return t.first; }, top);
      const auto second = W::Map([](const TopTwo& t) { return t.second; }, top);
      top = W::Map(
          [](const TopTwo& t, std::uint32_t a, std::uint32_t b) { return With(With(t, a), b); },
          top, W::Xor(first, distance), W::Xor(second, distance));
    }
    group_key.Set(chunk * kPerLane,
                  W::Map([&](const TopTwo& t) { return GroupKeyOf(spec, t); }, top));
  });
}

// A group that the lane's has to be compared with.
struct Rival {
  std::uint32_t group;
  std::uint32_t key;
};
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void CountRival(const Rival& rival, std::uint32_t group_lanes,
                                         const Row& group_key, Row& better) {
  const std::uint32_t per_chunk = kWarpLanes / group_lanes;
  Row::ForChunks([&](std::uint32_t chunk) {
    const std::uint32_t slot = chunk * kPerLane;
    better.Set(slot, W::Map(
                         [&](std::uint32_t lane, std::uint32_t key, std::uint32_t count) {
                           const std::uint32_t group = chunk * per_chunk + lane / group_lanes;
                           const bool wins =
                               rival.key > key || (rival.key == key && rival.group < group);
                           return count + (wins ? 1U : 0U);
                         },
                         W::LaneIds(), group_key.Get(slot), better.Get(slot)));
  });
}

// Each lane finds its group's key in every chunk, then counts the groups that are better.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void LimitGroupsOfLanes(const RouteSpec& spec, Row& row) {
  const std::uint32_t group_lanes = spec.experts / spec.groups / kPerLane;
  const std::uint32_t per_chunk = kWarpLanes / group_lanes;
  Row group_key;
  FindGroupKeys<W>(spec, row, group_lanes, group_key);
  Row better;
  Row::ForChunks(
      [&](std::uint32_t chunk) { better.Set(chunk * kPerLane, W::Fill(std::uint32_t{0})); });
  Row::ForChunks([&](std::uint32_t chunk) {
    for (std::uint32_t i = 0; i < per_chunk; ++i) {
      const std::uint32_t group = chunk * per_chunk + i;
      if (group >= spec.groups) break;
      const std::uint32_t key = W::From(group_key.Get(chunk * kPerLane), i * group_lanes);
      CountRival<W>(Rival{group, key}, group_lanes, group_key, better);
    }
  });
  Row::ForSlots([&](std::uint32_t slot) {
    row.Set(slot, W::Map(
                      [&](std::uint32_t lane, std::uint32_t key, std::uint32_t above) {
                        const bool there = FirstOfSlot(slot) + kPerLane * lane < spec.experts;
                        return there && above >= spec.topk_groups ? MaskedKey(spec) : key;
                      },
                      W::LaneIds(), row.Get(slot), better.Get(slot / kPerLane * kPerLane)));
  });
}

// One group's key from memory, by one lane: its largest keys one after the other.
SWITCHYARD_KERNEL_INLINE std::uint32_t GroupKeyInMemory(const RouteSpec& spec,
                                                        const std::uint32_t* key,
                                                        std::uint32_t members) {
  const std::uint32_t top_n = spec.group_score == GroupScore::kMax ? 1U : spec.group_top_n;
  std::uint32_t above_key = 0xFFFFFFFFU;  // the last one taken
  std::uint32_t above_at = 0;
  float sum = 0.0F;
  std::uint32_t first_key = kExcludedKey;
  for (std::uint32_t n = 0; n < top_n; ++n) {
    std::uint32_t best_key = kExcludedKey;
    std::uint32_t best_at = 0;
    for (std::uint32_t i = 0; i < members; ++i) {
      const bool taken = n > 0 && (key[i] > above_key || (key[i] == above_key && i <= above_at));
      const bool better = !taken && key[i] > best_key;
      best_key = better ? key[i] : best_key;
      best_at = better ? i : best_at;
    }
    above_key = best_key;
    above_at = best_at;
    first_key = n == 0 ? best_key : first_key;
    sum = n == 0 ? FloatOfKey(best_key) : det::Add(sum, FloatOfKey(best_key));
  }
  return top_n == 1 ? first_key : KeyUnder(spec.nan, sum);
}

// Lanes take groups in turn. `group_key` has a word per group.
template <class W>
SWITCHYARD_KERNEL_INLINE void LimitGroupsInMemory(const RouteSpec& spec, MemoryRow<W>& row,
                                                  std::uint32_t* group_key) {
  const std::uint32_t groups = spec.groups;
  const std::uint32_t members = spec.experts / groups;
  const auto lanes = W::LaneIds();
  std::uint32_t* const key = row.word;
  W::Sync();
  W::Do(
      [&](std::uint32_t lane) {
        for (std::uint32_t g = lane; g < groups; g += kWarpLanes) {
          group_key[g] = GroupKeyInMemory(spec, key + g * members, members);
        }
      },
      lanes);
  W::Sync();
  W::Do(
      [&](std::uint32_t lane) {
        for (std::uint32_t g = lane; g < groups; g += kWarpLanes) {
          std::uint32_t better = 0;
          for (std::uint32_t rival = 0; rival < groups; ++rival) {
            const bool wins =
                group_key[rival] > group_key[g] || (group_key[rival] == group_key[g] && rival < g);
            better += wins ? 1U : 0U;
          }
          if (better < spec.topk_groups) continue;
          for (std::uint32_t i = 0; i < members; ++i) key[g * members + i] = MaskedKey(spec);
        }
      },
      lanes);
  W::Sync();
}

}  // namespace switchyard::kernels
