// The kernels of slots without a GPU: their steps and the lanes of their warps, emulated, against
// the plain reference. Blocks and tiles run in an order drawn at random, since on a GPU they may.
#include "kernels/core/parallel_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernels/core/layout.h"
#include "sim/base/rng.h"
#include "tests/unit/kernels/emulated_warp.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

class Emulation {
 public:
  explicit Emulation(std::uint64_t seed) : rng_(seed) {}

  Status Count(const core::Queue& queue, const core::RankPlan& plan, const core::RankOutputs& out) {
    for (const std::uint32_t tile : Shuffled(plan.tiling.tiles)) {
      std::vector<std::uint32_t> count(queue.experts, 0);
      core::CountTile<EmulatedWarp>(queue, plan.tiling, tile, count.data());
      for (std::size_t e = 0; e < queue.experts; ++e) {
        plan.counts[e * plan.tiling.tiles + tile] = count[e];
      }
    }
    for (const std::uint32_t expert : Shuffled(queue.experts)) {
      core::SumExpert<EmulatedWarp>(plan, expert, out);
    }
    return {};
  }

  Status Rank(const core::Queue& queue, const core::RankPlan& plan, const core::RankOutputs& out) {
    if (const Status s = Count(queue, plan, out); !s.ok()) return s;
    for (const std::uint32_t tile : Shuffled(plan.tiling.tiles)) {
      std::vector<std::uint32_t> next(queue.experts);
      for (std::size_t e = 0; e < queue.experts; ++e) {
        next[e] = plan.counts[e * plan.tiling.tiles + tile];
      }
      core::RankTile<EmulatedWarp>(queue, plan.tiling, tile, next.data(), plan.capacity);
    }
    return {};
  }

  template <class KeyOf>
  Status Keys(const KeyOf& key_of, const core::SortBuffers& sort) {
    for (const std::uint32_t i : Shuffled(sort.count)) {
      sort.keys[0][i] = key_of(i);
      sort.values[0][i] = i;
    }
    return {};
  }

  // CUB may leave the result in either pair of buffers.
  Status Sort(const core::SortBuffers& sort, HostSpan<std::byte>, const std::uint32_t*& sorted) {
    std::copy_n(sort.values[0], sort.count, sort.values[1]);
    std::stable_sort(
        sort.values[1], sort.values[1] + sort.count,
        [&](std::uint32_t a, std::uint32_t b) { return sort.keys[0][a] < sort.keys[0][b]; });
    sorted = sort.values[1];
    return {};
  }
  static Status SortScratchBytes(std::uint32_t, std::size_t& bytes) {
    bytes = 0;
    return {};
  }

  Status Zero(void* data, std::size_t bytes) {
    if (bytes > 0) std::memset(data, 0, bytes);
    return {};
  }

  Status SettleWeights(const CapacitySpec& spec, const HostMatrix<std::int32_t>& slot,
                       const HostMatrix<float>& weight) {
    for (const std::uint32_t t : Shuffled(slot.rows)) {
      core::SettleWeights(spec, slot.Row(t), weight.Row(t), slot.cols);
    }
    return {};
  }

 private:
  std::vector<std::uint32_t> Shuffled(std::uint32_t count) {
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[rng_.Below(i)]);
    return order;
  }

  Rng rng_;
};

reference::Slots AssignInParallel(const CapacitySpec& spec, std::uint32_t experts,
                                  const RoutedChoices& routed) {
  reference::Slots result;
  result.slot.assign(routed.expert.size(), -7);
  result.wanted.assign(experts, 7);
  result.kept.assign(experts, 7);
  result.weight = routed.weight;
  const core::BatchShape shape{routed.tokens, experts, routed.top_k};
  core::ParallelScratch<Memory::kHost> scratch;
  EXPECT_TRUE(core::CutScratch<Emulation>(spec, shape, nullptr, scratch).ok());
  std::vector<std::byte> workspace(scratch.bytes, std::byte{0xDD});
  EXPECT_TRUE(core::CutScratch<Emulation>(spec, shape, workspace.data(), scratch).ok());
  const Choices<Memory::kHost> choices{{routed.expert.data(), routed.tokens, routed.top_k},
                                       {result.weight.data(), routed.tokens, routed.top_k}};
  const SlotOutput<Memory::kHost> out{{result.slot.data(), routed.tokens, routed.top_k},
                                      {result.wanted.data(), experts},
                                      {result.kept.data(), experts}};
  Emulation emulation(routed.tokens);
  const Status s = core::ParallelAssignment(spec, choices, out, scratch, emulation).Run();
  EXPECT_TRUE(s.ok()) << s.what;
  return result;
}

// Tiles have 256 places or more: from none to many, with a last one of 1, 31 and 32 places.
TEST(ParallelSlots, AgreeWithTheReference) {
  for (const CaseShape& shape : {CaseShape{0, 7, 2}, CaseShape{1, 1, 1}, CaseShape{33, 31, 8},
                                 CaseShape{257, 2, 1}, CaseShape{144, 96, 2}, CaseShape{575, 7, 1},
                                 CaseShape{700, 192, 4}, CaseShape{33, 4096, 64}}) {
    const RoutedChoices choices = RandomChoices(shape.tokens, shape);
    for (const CapacitySpec& spec : EverySpec(3, 4)) {
      SCOPED_TRACE(Text(spec) + ", tokens " + std::to_string(shape.tokens));
      const std::uint32_t capacity =
          CapacityOf(spec.rule, shape.tokens, shape.experts, shape.top_k);
      const auto expected = reference::AssignSlots(spec, shape.experts, capacity, choices);
      const auto got = AssignInParallel(spec, shape.experts, choices);
      ASSERT_EQ(got.slot, expected.slot);
      ASSERT_EQ(got.wanted, expected.wanted);
      ASSERT_EQ(got.kept, expected.kept);
      ASSERT_EQ(Bits(got.weight), Bits(expected.weight));
    }
  }
}

// Workspaces are measured for the whole batch; a round of kNoTokenLeftBehind must fit in. Tiles of
// K times the places are at most K times as long, as lengths are rounded to multiples of 32.
TEST(Tiling, HasNoMoreTilesForFewerPlaces) {
  Rng rng(11);
  for (int i = 0; i < 20000; ++i) {
    const auto tokens = static_cast<std::uint32_t>(rng.Below(1U << (5 + rng.Below(20))));
    const auto top_k = static_cast<std::uint32_t>(1 + rng.Below(64));
    const auto experts = static_cast<std::uint32_t>(1 + rng.Below(4096));
    ASSERT_LE(core::CutIntoTiles(tokens, experts).tiles,
              core::CutIntoTiles(tokens * top_k, experts).tiles)
        << tokens << " " << top_k << " " << experts;
  }
}

std::size_t WorkspaceFor(DropBy drop, const core::BatchShape& shape) {
  CapacitySpec spec;
  spec.drop = drop;
  core::ParallelScratch<Memory::kHost> scratch;
  EXPECT_TRUE(core::CutScratch<Emulation>(spec, shape, nullptr, scratch).ok());
  return scratch.bytes;
}

// Tiles become longer, and fewer, where T K passes a multiple of 1024 * 32: with 256 experts or
// less first at 1024 * 256, with 4096 at 1024 * 1024. A batch of T + 1 needs as much as one of T or
// more.
void ExpectNeverFalls(DropBy drop, std::uint32_t experts, std::uint32_t top_k) {
  for (std::uint32_t cut = 0; cut <= 40; ++cut) {
    const std::uint32_t at = cut * 1024 * 32 / top_k;
    std::size_t before = 0;
    for (std::uint32_t tokens = at < 20 ? 0 : at - 20; tokens <= at + 20; ++tokens) {
      const std::size_t bytes = WorkspaceFor(drop, {tokens, experts, top_k});
      ASSERT_GE(bytes, before) << tokens << " " << experts << " " << top_k;
      before = bytes;
    }
  }
}

TEST(Workspace, NeverFallsAsTokensAreAdded) {
  for (const std::uint32_t experts : {1U, 7U, 256U, 4096U}) {
    for (const std::uint32_t top_k : {1U, 2U, 8U, 64U}) {
      ExpectNeverFalls(DropBy::kPosition, experts, top_k);
      ExpectNeverFalls(DropBy::kWeight, experts, top_k);
      ExpectNeverFalls(DropBy::kNoTokenLeftBehind, experts, top_k);
    }
  }
}

// 4 arrays of 2^32 choices, 4 bytes each: 2^36 bytes, though no call takes so many.
TEST(Workspace, IsCountedInSixtyFourBits) {
  EXPECT_GE(WorkspaceFor(DropBy::kWeight, {1U << 26, 8, 64}), std::size_t{1} << 36);
}

TEST(Tiling, HasAtMostTheTilesThatRoomIsMeasuredBy) {
  Rng rng(12);
  for (int i = 0; i < 20000; ++i) {
    const auto places = static_cast<std::uint32_t>(rng.Below(1U << (5 + rng.Below(27))) >> 1U);
    const auto experts = static_cast<std::uint32_t>(1 + rng.Below(4096));
    ASSERT_LE(core::CutIntoTiles(places, experts).tiles, core::MostTiles(places, experts))
        << places << " " << experts;
  }
  EXPECT_EQ(core::CutIntoTiles(262143, 8).tiles, 1024U) << "of 256 places";
  EXPECT_EQ(core::CutIntoTiles(262144, 8).tiles, 911U) << "of 288 places";
  EXPECT_EQ(core::MostTiles(262144, 8), 1024U);
}

TEST(Tiling, CoversEveryPlaceOnce) {
  for (const std::uint32_t places : {0U, 1U, 255U, 256U, 257U, 262143U, 262144U, 0x7FFFFFFFU}) {
    for (const std::uint32_t experts : {1U, 256U, 4096U}) {
      const core::Tiling t = core::CutIntoTiles(places, experts);
      EXPECT_LE(t.tiles, 1024U);
      EXPECT_EQ(t.length % core::kWarpLanes, 0U);
      EXPECT_GE(std::uint64_t{t.tiles} * t.length, places);
      EXPECT_TRUE(places == 0 || std::uint64_t{t.tiles - 1} * t.length < places);
    }
  }
}

TEST(Warp, SumsExclusively) {
  for (const std::uint32_t count : {0U, 1U, 31U, 32U, 33U, 100U}) {
    std::vector<std::uint32_t> values(count);
    for (std::uint32_t i = 0; i < count; ++i) values[i] = i * i % 13;
    std::vector<std::uint32_t> expected(count);
    std::exclusive_scan(values.begin(), values.end(), expected.begin(), 5U);
    const std::uint32_t total = std::accumulate(values.begin(), values.end(), 5U);
    EXPECT_EQ(core::ExclusiveSum<EmulatedWarp>(values.data(), count, 5), total);
    EXPECT_EQ(values, expected);
  }
}

// The kernel's thread per token, called for every token in turn.
TEST(ParallelLayout, AgreesWithTheReference) {
  const CaseShape shape{200, 96, 16};
  const RoutedChoices choices = RandomChoices(4, shape);
  reference::Places places{{}, {}, 5};
  for (std::uint32_t e = 0; e < shape.experts; ++e) {
    places.expert_to_rank.push_back(static_cast<std::uint16_t>(e % 42));
  }
  // 40 ranks: experts of ranks 40 and 41 are nowhere; node 5 is none.
  for (std::uint32_t r = 0; r < 40; ++r) {
    places.rank_to_node.push_back(static_cast<std::uint16_t>(r % 6));
  }
  CapacitySpec spec;
  spec.drop = DropBy::kPosition;
  const auto slots = Assign(spec, shape.experts, choices);
  const auto expected = reference::DispatchLayout(choices, slots.slot, places);
  const ExpertMap<Memory::kHost> map{
      {places.expert_to_rank.data(), shape.experts}, {places.rank_to_node.data(), 40}, 5};
  std::vector<std::uint32_t> counts[3] = {std::vector<std::uint32_t>(shape.experts),
                                          std::vector<std::uint32_t>(40),
                                          std::vector<std::uint32_t>(5)};
  std::vector<std::uint32_t> bits(std::size_t{shape.tokens} * 2);
  for (std::size_t t = 0; t < shape.tokens; ++t) {
    const std::size_t row = t * shape.top_k;
    core::LayOutToken({&choices.expert[row], &slots.slot[row], shape.top_k}, map, &bits[2 * t],
                      [&](int which, std::uint32_t index) { ++counts[which].at(index); });
  }
  EXPECT_EQ(counts[0], expected.per_expert);
  EXPECT_EQ(counts[1], expected.per_rank);
  EXPECT_EQ(counts[2], expected.per_node);
  EXPECT_EQ(bits, expected.rank_bits);
}

}  // namespace
}  // namespace switchyard::kernels
