// Do router decisions become the right copies and bytes? Brute force from the choices, form by
// form.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "sim/base/rng.h"
#include "sim/plan/traffic/copies.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

constexpr RankLayout kLayout{16, 4, 32};  // 16 ranks in 4 nodes, 32 tokens each
constexpr std::uint32_t kExperts = 64;
constexpr std::uint32_t kTopK = 6;

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
  for (const Copies& c : copies) map[{c.hop, c.from, c.to}] = c.count;
  return map;
}

// The ranks that compute token t.
std::set<int> RanksOf(const LayerRoutes& routes, const KeptMask& kept, const Placement& placement,
                      std::uint32_t t) {
  std::set<int> ranks;
  for (std::uint32_t j = 0; j < kTopK; ++j) {
    const std::size_t i = std::size_t{t} * kTopK + j;
    if (kept[i] != 0) ranks.insert(placement.rank_of_expert[routes.expert[i]]);
  }
  return ranks;
}

class Traffic : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  const LayerRoutes routes_ = RandomRoutes(GetParam());
  const KeptMask kept_ = DropEveryFifth(routes_);
  const Placement placement_ =
      MakePlacementPolicy(PlacementKind::kLinear)->Place(kExperts, kLayout.ranks);

  std::vector<Copies> Count(AllToAllForm form) const {
    return MakeTrafficForm(form)->Count(routes_, kept_, placement_, kLayout);
  }
};

TEST_P(Traffic, FlatSendsOneCopyPerKeptChoice) {
  CopyMap expected;
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    const int from = static_cast<int>(i / kTopK / kLayout.tokens_per_rank);
    const int to = placement_.rank_of_expert[routes_.expert[i]];
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

INSTANTIATE_TEST_SUITE_P(Seeds, Traffic, ::testing::Values(1, 2, 3));

TEST(Placement, LinearIsEqualBlocks) {
  const Placement p = MakePlacementPolicy(PlacementKind::kLinear)->Place(8, 4);
  EXPECT_EQ(p.rank_of_expert, (std::vector<std::uint16_t>{0, 0, 1, 1, 2, 2, 3, 3}));
  EXPECT_EQ(p.slot_of_expert, (std::vector<std::uint16_t>{0, 1, 0, 1, 0, 1, 0, 1}));
  EXPECT_TRUE(Verify(p, 8).empty());
}

TEST(Placement, VerifyFindsWhatIsWrong) {
  Placement p = MakePlacementPolicy(PlacementKind::kLinear)->Place(8, 4);
  p.slot_of_expert[1] = 0;
  EXPECT_NE(ToString(Verify(p, 8)).find("expert 1 shares its slot"), std::string::npos);
  EXPECT_NE(ToString(Verify(p, 9)).find("8 of 9 experts"), std::string::npos);
}

TEST(Payload, DeepSeekV3TokenAsDeepEpCountsIt) {
  EXPECT_EQ(PayloadBytes(7168, Dtype::kBf16, 128).value, 14336) << "7168 x 2 B";
  EXPECT_EQ(PayloadBytes(7168, Dtype::kFp8, 128).value, 7392) << "7168 x 1 B + 7168/128 x 4 B";
  EXPECT_EQ(PayloadBytes(7168, Dtype::kFp4, 32).value, 4480) << "7168 / 2 B + 7168/32 x 4 B";
  EXPECT_EQ(PayloadBytes(100, Dtype::kFp8, 128).value, 104) << "100 B + one scale";
}

}  // namespace
}  // namespace switchyard
