// Which replica serves which choice: does every choice stay with its expert, and is each way of
// choosing what it says?
#include "sim/plan/traffic/replica_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/evaluate.h"

namespace switchyard {
namespace {

constexpr RankLayout kLayout{8, 4, 64};  // 8 ranks in 2 nodes, 64 tokens each
constexpr std::uint32_t kExperts = 16;
constexpr std::uint32_t kTopK = 2;

// 3 slots a rank: experts 2 r and 2 r + 1, and of experts 0 to 3 a replica each on two other ranks.
Placement Replicated() {
  std::vector<ExpertIndex> slots;
  for (std::uint32_t rank = 0; rank < kLayout.ranks; ++rank) {
    slots.push_back(static_cast<ExpertIndex>(2 * rank));
    slots.push_back(static_cast<ExpertIndex>(2 * rank + 1));
    slots.push_back(static_cast<ExpertIndex>((rank + 2) % 4));
  }
  return {kLayout.ranks, 3, kExperts, std::move(slots)};
}

// Low experts are chosen more often.
LayerRoutes Skewed() {
  Rng rng(3);
  LayerRoutes routes{kLayout.ranks * kLayout.tokens_per_rank, kTopK, kExperts, {}, {}};
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    const auto first =
        static_cast<ExpertIndex>(rng.Below(kExperts) * rng.Below(kExperts) / kExperts);
    const auto second = static_cast<ExpertIndex>((first + 1 + rng.Below(kExperts - 1)) % kExperts);
    routes.expert.push_back(first);
    routes.expert.push_back(second);
  }
  return routes;
}

std::vector<double> RankTokens(const LayerRoutes& slots, const KeptMask& kept,
                               const Placement& placement) {
  std::vector<double> tokens(kLayout.ranks);
  for (std::size_t i = 0; i < slots.expert.size(); ++i) {
    if (kept.empty() || kept[i] != 0) tokens[placement.RankOf(slots.expert[i])] += 1;
  }
  return tokens;
}

double Most(const std::vector<double>& loads) {
  return *std::max_element(loads.begin(), loads.end());
}

class ReplicaChoices : public ::testing::TestWithParam<ReplicaChoice> {
 protected:
  const Placement placement_ = Replicated();
  const LayerRoutes routes_ = Skewed();
};

TEST_P(ReplicaChoices, EveryChoiceGoesToASlotOfItsExpert) {
  KeptMask kept(routes_.expert.size(), 1);
  for (std::size_t i = 0; i < kept.size(); i += 7) kept[i] = 0;
  const LayerRoutes slots = ChooseReplicas(routes_, kept, placement_, kLayout, GetParam());
  ASSERT_EQ(slots.expert.size(), routes_.expert.size());
  EXPECT_EQ(slots.num_experts, placement_.num_slots());
  for (std::size_t i = 0; i < slots.expert.size(); ++i) {
    ASSERT_EQ(placement_.expert_of_slot()[slots.expert[i]], routes_.expert[i]) << "choice " << i;
  }
}

TEST_P(ReplicaChoices, MissingChoicesStayMissing) {
  LayerRoutes routes = routes_;
  routes.expert[5] = kNoExpert;
  KeptMask kept(routes.expert.size(), 1);
  kept[5] = 0;
  const LayerRoutes slots = ChooseReplicas(routes, kept, placement_, kLayout, GetParam());
  EXPECT_EQ(slots.expert[5], kNoExpert);
}

INSTANTIATE_TEST_SUITE_P(Ways, ReplicaChoices,
                         ::testing::Values(ReplicaChoice::kBySender, ReplicaChoice::kByToken,
                                           ReplicaChoice::kLocalFirst, ReplicaChoice::kLp));

TEST(ReplicaChoice, ByTokenDealsEvenly) {
  const Placement placement = Replicated();
  const LayerRoutes slots =
      ChooseReplicas(Skewed(), {}, placement, kLayout, ReplicaChoice::kByToken);
  std::vector<std::uint32_t> served(placement.num_slots());
  for (const ExpertIndex slot : slots.expert) ++served[slot];
  for (std::uint32_t e = 0; e < kExperts; ++e) {
    std::vector<std::uint32_t> of_expert;
    for (const std::uint32_t slot : placement.SlotsOf(e)) of_expert.push_back(served[slot]);
    const auto [least, most] = std::minmax_element(of_expert.begin(), of_expert.end());
    EXPECT_LE(*most - *least, 1u) << "tokens in turn, expert " << e;
  }
}

TEST(ReplicaChoice, LocalFirstStaysOnTheRankThenInTheNode) {
  const Placement placement = Replicated();
  const LayerRoutes routes = Skewed();
  const LayerRoutes slots =
      ChooseReplicas(routes, {}, placement, kLayout, ReplicaChoice::kLocalFirst);
  for (std::size_t i = 0; i < slots.expert.size(); ++i) {
    const auto sender = static_cast<std::uint32_t>(i / kTopK / kLayout.tokens_per_rank);
    std::set<std::uint32_t> ranks;
    std::set<std::uint32_t> nodes;
    for (const std::uint32_t slot : placement.SlotsOf(routes.expert[i])) {
      ranks.insert(placement.RankOf(slot));
      nodes.insert(placement.RankOf(slot) / kLayout.ranks_per_node);
    }
    const std::uint32_t rank = placement.RankOf(slots.expert[i]);
    if (ranks.count(sender) > 0) {
      ASSERT_EQ(rank, sender) << "the sender has the expert itself";
    } else if (nodes.count(sender / kLayout.ranks_per_node) > 0) {
      ASSERT_EQ(rank / kLayout.ranks_per_node, sender / kLayout.ranks_per_node);
    }
  }
}

TEST(ReplicaChoice, LpReachesTheLeastPossibleLoadAndNoOtherWayIsBelow) {
  const Placement placement = Replicated();
  const LayerRoutes routes = Skewed();
  KeptMask kept(routes.expert.size(), 1);
  for (std::size_t i = 0; i < kept.size(); i += 11) kept[i] = 0;
  std::vector<double> counts(kExperts);
  for (std::size_t i = 0; i < kept.size(); ++i) counts[routes.expert[i]] += kept[i];
  const double optimum = Most(RankLoads(placement, counts, TokenSplit::kLp));
  const auto most = [&](ReplicaChoice choice) {
    return Most(
        RankTokens(ChooseReplicas(routes, kept, placement, kLayout, choice), kept, placement));
  };
  EXPECT_GE(most(ReplicaChoice::kLp), optimum);
  EXPECT_LT(most(ReplicaChoice::kLp), optimum + 1) << "whole tokens: less than one above the LP";
  for (const ReplicaChoice other :
       {ReplicaChoice::kBySender, ReplicaChoice::kByToken, ReplicaChoice::kLocalFirst}) {
    EXPECT_GE(most(other), most(ReplicaChoice::kLp));
  }
  EXPECT_GT(most(ReplicaChoice::kByToken), most(ReplicaChoice::kLp))
      << "experts 0 to 3 are hot and share ranks with others: an even split is not the best";
}

}  // namespace
}  // namespace switchyard
