// Do router decisions become the right copies and bytes? Brute force from the choices, form by
// form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "sim/base/rng.h"
#include "sim/placement/policy.h"
#include "sim/plan/traffic/copies.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

constexpr RankLayout kLayout{16, 4, 32};  // 16 ranks in 4 nodes, 32 tokens each
constexpr std::uint32_t kExperts = 64;
constexpr std::uint32_t kTopK = 6;

Placement Linear(std::uint32_t experts, std::uint32_t ranks) {
  PlacementProblem problem;
  problem.shape = {experts, ranks, 1, std::max(1u, experts / ranks)};
  return MakePlacementPolicy(PlacementKind::kLinear)->Place(problem);
}

LayerRoutes RandomRoutes(std::uint64_t seed) {
  Rng rng(seed);
  LayerRoutes routes{kLayout.ranks * kLayout.tokens_per_rank, kTopK, kExperts, {}, {}};
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    std::set<std::uint64_t> chosen;
    while (chosen.size() < kTopK)
      chosen.insert(rng.Below(kExperts) * rng.Below(kExperts) / kExperts);
    for (const std::uint64_t e : chosen) routes.expert.push_back(static_cast<ExpertIndex>(e));
  }
  return routes;
}

KeptMask DropEveryFifth(const LayerRoutes& routes) {
  KeptMask kept(routes.expert.size(), 1);
  for (std::size_t i = 0; i < kept.size(); i += 5) kept[i] = 0;
  return kept;
}

using CopyMap = std::map<std::tuple<int, int, int>, std::uint32_t>;  // (hop, from, to)

CopyMap AsMap(const std::vector<Copies>& copies) {
  CopyMap map;
  for (const Copies& c : copies) {
    map[{static_cast<int>(c.hop), c.from, c.to}] = c.count;
  }
  return map;
}

// The rank that computes choice i.
int RankFor(const Placement& placement, const LayerRoutes& routes, std::size_t i) {
  const auto sender = static_cast<std::uint32_t>(i / kTopK / kLayout.tokens_per_rank);
  return static_cast<int>(placement.RankOf(placement.SlotFor(routes.expert[i], sender)));
}

// The ranks that compute token t.
std::set<int> RanksOf(const LayerRoutes& routes, const KeptMask& kept, const Placement& placement,
                      std::uint32_t t) {
  std::set<int> ranks;
  for (std::uint32_t j = 0; j < kTopK; ++j) {
    const std::size_t i = std::size_t{t} * kTopK + j;
    if (kept[i] != 0) ranks.insert(RankFor(placement, routes, i));
  }
  return ranks;
}

// Of 16 ranks and 64 experts: 4 slots a rank, or 6 of which 2 replicate 32 of the experts
// elsewhere.
Placement PlaceFor(bool replicated) {
  if (!replicated) return Linear(kExperts, kLayout.ranks);
  std::vector<ExpertIndex> expert_of_slot;
  for (std::uint32_t rank = 0; rank < kLayout.ranks; ++rank) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      expert_of_slot.push_back(static_cast<ExpertIndex>(rank * 4 + i));
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
      expert_of_slot.push_back(static_cast<ExpertIndex>((rank * 4 + 21 + i) % kExperts));
    }
  }
  return {kLayout.ranks, 6, kExperts, std::move(expert_of_slot)};
}

class Traffic : public ::testing::TestWithParam<std::tuple<std::uint64_t, bool>> {
 protected:
  const LayerRoutes routes_ = RandomRoutes(std::get<0>(GetParam()));
  const KeptMask kept_ = DropEveryFifth(routes_);
  const Placement placement_ = PlaceFor(std::get<1>(GetParam()));

  std::vector<Copies> Count(AllToAllForm form) const {
    return MakeTrafficForm(form)->Count(routes_, kept_, placement_, kLayout);
  }
};

TEST_P(Traffic, FlatSendsOneCopyPerKeptChoice) {
  CopyMap expected;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const int from = static_cast<int>(i / kTopK / kLayout.tokens_per_rank);
    const int to = RankFor(placement_, routes_, i);
    if (kept_[i] != 0 && from != to) ++expected[{0, from, to}];
  }
  EXPECT_EQ(AsMap(Count(AllToAllForm::kFlat)), expected);
}

TEST_P(Traffic, RankDedupSendsOneCopyPerRank) {
  CopyMap expected;
  for (std::uint32_t t = 0; t < routes_.tokens; ++t) {
    const int from = static_cast<int>(t / kLayout.tokens_per_rank);
    for (const int to : RanksOf(routes_, kept_, placement_, t)) {
      if (from != to) ++expected[{0, from, to}];
    }
  }
  EXPECT_EQ(AsMap(Count(AllToAllForm::kRankDedup)), expected);
}

TEST_P(Traffic, NodeDedupSendsOneCopyPerRemoteNodeAndForwardsInside) {
  CopyMap expected;
  for (std::uint32_t t = 0; t < routes_.tokens; ++t) {
    const int from = static_cast<int>(t / kLayout.tokens_per_rank);
    std::set<int> relays;
    for (const int to : RanksOf(routes_, kept_, placement_, t)) {
      if (to / 4 == from / 4) {
        if (to != from) ++expected[{0, from, to}];
        continue;
      }
      const int relay = to / 4 * 4 + from % 4;
      relays.insert(relay);
      if (relay != to) ++expected[{1, relay, to}];
    }
    for (const int relay : relays) ++expected[{0, from, relay}];
  }
  EXPECT_EQ(AsMap(Count(AllToAllForm::kNodeDedup)), expected);
}

TEST_P(Traffic, DeduplicationNeverSendsMore) {
  const auto inter_node = [](const std::vector<Copies>& copies) {
    std::uint64_t sum = 0;
    for (const Copies& c : copies) sum += c.from / 4 != c.to / 4 ? c.count : 0;
    return sum;
  };
  const auto flat = inter_node(Count(AllToAllForm::kFlat));
  const auto rank = inter_node(Count(AllToAllForm::kRankDedup));
  const auto node = inter_node(Count(AllToAllForm::kNodeDedup));
  EXPECT_GE(flat, rank);
  EXPECT_GE(rank, node);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Traffic,
                         ::testing::Combine(::testing::Values(1, 2, 3), ::testing::Bool()));

std::vector<ExpertIndex> ExpertsOf(const Placement& placement) {
  return {placement.expert_of_slot().begin(), placement.expert_of_slot().end()};
}

TEST(Placement, LinearIsEqualBlocks) {
  const Placement p = Linear(8, 4);
  EXPECT_EQ(ExpertsOf(p), (std::vector<ExpertIndex>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(p.RankOf(p.SlotFor(5, 0)), 2u) << "slot 5 of 2 a rank";
  EXPECT_TRUE(p.unique());
  EXPECT_TRUE(Verify(p, 8).empty());
}

TEST(Placement, LinearReplicatesWhenThereAreMoreRanks) {
  const Placement p = Linear(4, 8);
  EXPECT_EQ(ExpertsOf(p), (std::vector<ExpertIndex>{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_TRUE(Verify(p, 4).empty());
  EXPECT_FALSE(p.unique());
  EXPECT_EQ(p.SlotFor(1, 6), 2u) << "sender 6 of replicas 2 and 3: the first";
  EXPECT_EQ(p.SlotFor(1, 7), 3u) << "sender 7: the second";
}

TEST(Placement, SlotTableIsSlotForOfEachSender) {
  const Placement p = PlaceFor(true);
  SlotTable table(p);
  for (std::uint32_t sender = 0; sender < kLayout.ranks; ++sender) {
    table.SelectSender(sender);
    for (std::uint32_t e = 0; e < kExperts; ++e) {
      EXPECT_EQ(table.slots()[e], p.SlotFor(e, sender));
      EXPECT_EQ(table.ranks()[e], p.RankOf(p.SlotFor(e, sender)));
    }
  }
}

TEST(Placement, VerifyFindsWhatIsWrong) {
  const Placement p(2, 2, 4, {0, 1, 2, 2});
  EXPECT_NE(ToString(Verify(p, 4)).find("expert 3 is on no rank"), std::string::npos);
  EXPECT_EQ(WastedSlots(p), 1u) << "rank 1 holds expert 2 twice";
  EXPECT_NE(ToString(Verify(p, 5)).find("of 4 experts, not 5"), std::string::npos);
}

TEST(Payload, DeepSeekV3TokenAsDeepEpCountsIt) {
  EXPECT_EQ(PayloadBytes(7168, Dtype::kBf16, 128).value, 14336) << "7168 x 2 B";
  EXPECT_EQ(PayloadBytes(7168, Dtype::kFp8, 128).value, 7392) << "7168 x 1 B + 7168/128 x 4 B";
  EXPECT_EQ(PayloadBytes(7168, Dtype::kFp4, 32).value, 4480) << "7168 / 2 B + 7168/32 x 4 B";
  EXPECT_EQ(PayloadBytes(100, Dtype::kFp8, 128).value, 104) << "100 B + one scale";
}

}  // namespace
}  // namespace switchyard
