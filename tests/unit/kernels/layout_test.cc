// What a batch sends where, and the rows of the experts' input: by hand, and against the reference.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

using Counts = std::vector<std::uint32_t>;
using reference::Layout;
using reference::Places;
using reference::Rows;

constexpr std::uint32_t kRubbish = 0xDDDDDDDD;

Layout LayOut(const RoutedChoices& choices, const std::vector<std::int32_t>& slot,
              const Places& places) {
  const auto words = static_cast<std::uint32_t>((places.rank_to_node.size() + 31) / 32);
  Layout layout{Counts(places.expert_to_rank.size(), kRubbish),
                Counts(places.rank_to_node.size(), kRubbish), Counts(places.nodes, kRubbish),
                Counts(std::size_t{choices.tokens} * words, kRubbish)};
  const ExpertMap<Memory::kHost> map{{places.expert_to_rank.data(), places.expert_to_rank.size()},
                                     {places.rank_to_node.data(), places.rank_to_node.size()},
                                     places.nodes};
  const LayoutOutput<Memory::kHost> out{{layout.per_expert.data(), layout.per_expert.size()},
                                        {layout.per_rank.data(), layout.per_rank.size()},
                                        {layout.per_node.data(), layout.per_node.size()},
                                        {layout.rank_bits.data(), choices.tokens, words}};
  const std::uint32_t slot_rows = slot.empty() ? 0 : choices.tokens;
  const Status s = DispatchLayout({choices.expert.data(), choices.tokens, choices.top_k},
                                  {slot.data(), slot_rows, choices.top_k}, map, out);
  EXPECT_TRUE(s.ok()) << s.what;
  return layout;
}

Rows Permute(const RoutedChoices& choices, reference::Slots slots, std::uint32_t tile) {
  const auto experts = static_cast<std::uint32_t>(slots.kept.size());
  Rows rows{Counts(experts + 1, kRubbish),
            Counts(MaxPermutationRows(choices.tokens, choices.top_k, experts, tile), kRubbish),
            Counts(choices.expert.size(), kRubbish)};
  const SlotOutput<Memory::kHost> view{{slots.slot.data(), choices.tokens, choices.top_k},
                                       {slots.wanted.data(), experts},
                                       {slots.kept.data(), experts}};
  const Status s = Permutation({choices.expert.data(), choices.tokens, choices.top_k}, view, tile,
                               {{rows.offset.data(), rows.offset.size()},
                                {rows.row_to_flat.data(), rows.row_to_flat.size()},
                                {rows.flat_to_row.data(), rows.flat_to_row.size()}});
  EXPECT_TRUE(s.ok()) << s.what;
  return rows;
}

// Experts in blocks over the ranks, ranks in blocks over the nodes; the last expert is nowhere.
Places Blocks(std::uint32_t experts, std::uint32_t ranks, std::uint32_t nodes) {
  Places places{{}, {}, nodes};
  for (std::uint32_t e = 0; e < experts; ++e) {
    places.expert_to_rank.push_back(static_cast<std::uint16_t>(e * ranks / experts));
  }
  if (experts > 1) places.expert_to_rank.back() = 0xFFFF;
  for (std::uint32_t r = 0; r < ranks; ++r) {
    places.rank_to_node.push_back(static_cast<std::uint16_t>(r * nodes / ranks));
  }
  return places;
}

TEST(DispatchLayout, SendsATokenOnceToARankAndOnceToANode) {
  // Experts 0, 1 on rank 0, 2, 3 on rank 1 of node 0; 4, 5 on rank 2 of node 1.
  const Places places{{0, 0, 1, 1, 2, 2}, {0, 0, 1}, 2};
  const RoutedChoices choices{{0, 1, 3, 4, 5, 0xFFFF}, {}, 2, 3};
  const Layout all = LayOut(choices, {}, places);
  EXPECT_EQ(all.per_expert, (Counts{1, 1, 0, 1, 1, 1}));
  EXPECT_EQ(all.per_rank, (Counts{1, 1, 1})) << "token 0 goes to ranks 0 and 1, token 1 to rank 2";
  EXPECT_EQ(all.per_node, (Counts{1, 1}));
  EXPECT_EQ(all.rank_bits, (Counts{0b011, 0b100}));
  const Layout dropped = LayOut(choices, {0, 0, -1, 0, -1, -1}, places);
  EXPECT_EQ(dropped.per_expert, (Counts{1, 1, 0, 0, 1, 0})) << "token 0 lost expert 3";
  EXPECT_EQ(dropped.rank_bits, (Counts{0b001, 0b100}));
}

TEST(DispatchLayout, AgreesWithTheReference) {
  struct Case {
    CaseShape shape;
    std::uint32_t ranks;
    std::uint32_t nodes;
  };
  for (const Case& c : {Case{{0, 7, 2}, 1, 1}, Case{{33, 31, 8}, 31, 4}, Case{{500, 256, 8}, 64, 8},
                        Case{{64, 384, 64}, 96, 96}, Case{{40, 4096, 64}, 1024, 128}}) {
    const RoutedChoices choices = RandomChoices(c.ranks, c.shape);
    const Places places = Blocks(c.shape.experts, c.ranks, c.nodes);
    CapacitySpec spec;
    spec.drop = DropBy::kPosition;
    const auto slots = Assign(spec, c.shape.experts, choices);
    for (const auto& slot : {std::vector<std::int32_t>{}, slots.slot}) {
      const Layout expected = reference::DispatchLayout(choices, slot, places);
      const Layout got = LayOut(choices, slot, places);
      EXPECT_EQ(got.per_expert, expected.per_expert);
      EXPECT_EQ(got.per_rank, expected.per_rank);
      EXPECT_EQ(got.per_node, expected.per_node);
      EXPECT_EQ(got.rank_bits, expected.rank_bits);
      if (!slot.empty()) {
        EXPECT_EQ(got.per_expert, slots.kept) << "recounted from the ids";
      }
    }
  }
}

TEST(DispatchLayout, RefusesWrongShapes) {
  const Places places{{0, 0}, {0}, 1};
  std::vector<std::uint16_t> expert(4);
  Counts memory(8);
  const ExpertMap<Memory::kHost> map{
      {places.expert_to_rank.data(), 2}, {places.rank_to_node.data(), 1}, 1};
  const LayoutOutput<Memory::kHost> out{
      {memory.data(), 2}, {memory.data(), 1}, {memory.data(), 1}, {memory.data(), 2, 1}};
  const HostMatrix<const std::uint16_t> ids{expert.data(), 2, 2};
  EXPECT_TRUE(DispatchLayout(ids, {}, map, out).ok());
  auto broken = out;
  broken.rank_bits.cols = 2;
  EXPECT_STREQ(DispatchLayout(ids, {}, map, broken).what,
               "rank_bits: ceil(ranks / 32) words per token");
  auto no_ranks = map;
  no_ranks.rank_to_node = {};
  EXPECT_STREQ(DispatchLayout(ids, {}, no_ranks, out).what, "ranks: 1 to 65535");
}

TEST(DispatchLayout, RefusesArraysWithoutMemory) {
  const Places places{{0, 0}, {0}, 1};
  std::vector<std::uint16_t> expert(4);
  Counts memory(8);
  const ExpertMap<Memory::kHost> map{
      {places.expert_to_rank.data(), 2}, {places.rank_to_node.data(), 1}, 1};
  const LayoutOutput<Memory::kHost> out{
      {memory.data(), 2}, {memory.data(), 1}, {memory.data(), 1}, {memory.data(), 2, 1}};
  const HostMatrix<const std::uint16_t> ids{expert.data(), 2, 2};
  EXPECT_STREQ(DispatchLayout({nullptr, 2, 2}, {}, map, out).what, "expert: no memory given");
  EXPECT_STREQ(DispatchLayout(ids, {nullptr, 2, 2}, map, out).what, "slot: no memory given");
  auto no_map = map;
  no_map.expert_to_rank.data = nullptr;
  EXPECT_STREQ(DispatchLayout(ids, {}, no_map, out).what,
               "expert_to_rank, rank_to_node: no memory given");
  for (int array = 0; array < 4; ++array) {
    auto no_out = out;
    if (array == 0) no_out.per_expert.data = nullptr;
    if (array == 1) no_out.per_rank.data = nullptr;
    if (array == 2) no_out.per_node.data = nullptr;
    if (array == 3) no_out.rank_bits.data = nullptr;
    EXPECT_STREQ(DispatchLayout(ids, {}, map, no_out).what,
                 "per_expert, per_rank, per_node, rank_bits: no memory given")
        << array;
  }
}

TEST(Permutation, LaysExpertsOutInTiles) {
  // Expert 0 keeps choices 1 and 2 (slots 1, 0), expert 1 none, expert 2 choice 0; tiles of 2.
  const RoutedChoices choices{{2, 0, 0, 1}, {}, 2, 2};
  const reference::Slots slots{{0, 1, 0, -1}, {2, 1, 1}, {2, 0, 1}, {}};
  const Rows rows = Permute(choices, slots, 2);
  EXPECT_EQ(rows.offset, (Counts{0, 2, 2, 4}));
  EXPECT_EQ(rows.flat_to_row, (Counts{2, 1, 0, kNoRow}));
  // At most 4 choices, 3 of them begin an expert's tile, the fourth fills one: 3 tiles.
  EXPECT_EQ(rows.row_to_flat, (Counts{2, 1, 0, kNoRow, kNoRow, kNoRow}));
}

TEST(Permutation, IsABijectionBetweenKeptChoicesAndRows) {
  for (const CaseShape& shape : {CaseShape{0, 3, 1}, CaseShape{33, 7, 2}, CaseShape{400, 96, 8}}) {
    for (const std::uint32_t tile : {1U, 16U, 128U}) {
      const RoutedChoices choices = RandomChoices(tile, shape);
      CapacitySpec spec;
      spec.drop = DropBy::kWeight;
      const auto slots = Assign(spec, shape.experts, choices);
      const Rows expected = reference::Permutation(choices, slots, tile);
      const Rows got = Permute(choices, slots, tile);
      EXPECT_EQ(got.offset, expected.offset);
      EXPECT_EQ(got.flat_to_row, expected.flat_to_row);
      ASSERT_LE(expected.row_to_flat.size(), got.row_to_flat.size());
      Counts padded = expected.row_to_flat;
      padded.resize(got.row_to_flat.size(), kNoRow);
      EXPECT_EQ(got.row_to_flat, padded);
      std::size_t rows = 0;
      for (std::uint32_t r = 0; r < got.row_to_flat.size(); ++r) {
        if (got.row_to_flat[r] == kNoRow) continue;
        ++rows;
        EXPECT_EQ(got.flat_to_row[got.row_to_flat[r]], r);
      }
      EXPECT_EQ(rows, std::accumulate(slots.kept.begin(), slots.kept.end(), std::size_t{0}));
    }
  }
}

// The bound is reached: one choice in every expert, all others in full tiles.
TEST(Permutation, NeedsNoMoreRowsThanItSays) {
  EXPECT_EQ(MaxPermutationRows(0, 8, 256, 128), 0U);
  EXPECT_EQ(MaxPermutationRows(1, 1, 256, 128), 128U);
  // 20 choices of 3 experts in tiles of 4: 3 + floor(17 / 4) = 7 tiles, e.g. 1, 1 and 18 choices
  // need 1 + 1 + 5.
  EXPECT_EQ(MaxPermutationRows(10, 2, 3, 4), 28U);
  EXPECT_EQ(MaxPermutationRows(4096, 8, 256, 1), 32768U);
}

TEST(Permutation, RefusesWrongShapes) {
  std::vector<std::uint16_t> expert(4);
  std::vector<std::int32_t> slot(4);
  Counts memory(16);
  const SlotOutput<Memory::kHost> slots{
      {slot.data(), 2, 2}, {memory.data(), 3}, {memory.data(), 3}};
  const PermutationOutput<Memory::kHost> out{
      {memory.data(), 4}, {memory.data(), 4}, {memory.data(), 4}};
  const HostMatrix<const std::uint16_t> ids{expert.data(), 2, 2};
  EXPECT_STREQ(Permutation(ids, slots, 0, out).what, "tile: 1 to 65536");
  EXPECT_STREQ(Permutation(ids, slots, 2, out).what, "row_to_flat: at least MaxPermutationRows");
  EXPECT_STREQ(Permutation(ids, slots, kMaxTile, out).what,
               "row_to_flat: at least MaxPermutationRows");
  for (const std::uint32_t tile : {kMaxTile + 1, 0xFFFFFFFFU}) {
    EXPECT_EQ(Permutation(ids, slots, tile, out).code, StatusCode::kInvalidSpec) << tile;
  }
}

TEST(Permutation, RefusesArraysWithoutMemory) {
  std::vector<std::uint16_t> expert(4);
  std::vector<std::int32_t> slot(4, -1);
  Counts memory(16);
  const SlotOutput<Memory::kHost> slots{
      {slot.data(), 2, 2}, {memory.data(), 3}, {memory.data(), 3}};
  const PermutationOutput<Memory::kHost> out{
      {memory.data() + 3, 4}, {memory.data() + 7, 4}, {memory.data() + 11, 4}};
  const HostMatrix<const std::uint16_t> ids{expert.data(), 2, 2};
  EXPECT_TRUE(Permutation(ids, slots, 1, out).ok());
  auto no_slots = slots;
  no_slots.kept.data = nullptr;
  EXPECT_STREQ(Permutation(ids, no_slots, 1, out).what, "slot, kept: no memory given");
  for (int array = 0; array < 3; ++array) {
    auto no_out = out;
    if (array == 0) no_out.offset.data = nullptr;
    if (array == 1) no_out.row_to_flat.data = nullptr;
    if (array == 2) no_out.flat_to_row.data = nullptr;
    EXPECT_STREQ(Permutation(ids, slots, 1, no_out).what,
                 "offset, row_to_flat, flat_to_row: no memory given")
        << array;
  }
}

}  // namespace
}  // namespace switchyard::kernels
