// The policies that look at tokens, at many windows or at the current placement: what each is for,
// and what every one of them keeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/base/rng.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/nodes/copy_search.h"
#include "sim/placement/nodes/node_search.h"
#include "sim/placement/policy.h"
#include "sim/placement/split/token_routes.h"
#include "sim/placement/windows/move_score.h"
#include "sim/placement/windows/replan_series.h"
#include "sim/placement/windows/score.h"
#include "tests/unit/placement/synthetic_routes.h"
#include "tests/unit/placement/trace_windows.h"

namespace switchyard::testing {
namespace {

constexpr PlacementKind kKinds[] = {PlacementKind::kRobust, PlacementKind::kSplitAware,
                                    PlacementKind::kNodeAware, PlacementKind::kIncremental};

PlacementProblem ProblemOf(const PlacementShape& shape, const LayerRoutes& routes) {
  PlacementProblem problem;
  problem.shape = shape;
  problem.loads = CountWindows(routes, std::max(1U, routes.tokens / 10));
  problem.routes = &routes;
  return problem;
}

Placement Place(PlacementKind kind, const PlacementProblem& problem) {
  return MakePlacementPolicy(kind)->Place(problem);
}

bool SameSlots(const Placement& a, const Placement& b) {
  return std::equal(a.expert_of_slot().begin(), a.expert_of_slot().end(),
                    b.expert_of_slot().begin(), b.expert_of_slot().end());
}

TEST(WindowPolicies, EveryExpertIsSomewhereNoneTwiceOnARankAndAllSlotsAreUsed) {
  const LayerRoutes routes = TopicRoutes({});
  const PlacementShape shapes[] = {{32, 8, 2, 4, 1},  {32, 8, 2, 6, 1},  {32, 8, 8, 5, 1},
                                   {32, 10, 4, 4, 1}, {32, 32, 4, 1, 1}, {32, 2, 1, 20, 1}};
  for (const PlacementShape& shape : shapes) {
    PlacementProblem problem = ProblemOf(shape, routes);
    const Placement current = Place(PlacementKind::kBalanced, problem);
    problem.current = &current;
    for (const PlacementKind kind : kKinds) {
      const Placement placement = Place(kind, problem);
      EXPECT_TRUE(Verify(placement, shape.experts).empty()) << InfoOf(kind).name;
      EXPECT_EQ(WastedSlots(placement), 0U) << InfoOf(kind).name;
      const auto slots = placement.expert_of_slot();
      EXPECT_EQ(std::count(slots.begin(), slots.end(), kNoExpert), 0) << InfoOf(kind).name;
      EXPECT_TRUE(SameSlots(placement, Place(kind, problem))) << InfoOf(kind).name;
    }
  }
}

TEST(WindowPolicies, KeepTheRules) {
  const LayerRoutes routes = TopicRoutes({});
  PlacementProblem problem = ProblemOf({32, 8, 2, 6, 1}, routes);
  problem.rules.max_replicas = 2;
  problem.rules.replicas_on_distinct_nodes = true;
  const Placement current = Place(PlacementKind::kBalanced, problem);
  problem.current = &current;
  for (const std::uint32_t max_moves : {0U, 1U, 5U, 40U}) {
    problem.rules.max_moves = max_moves;
    for (const PlacementKind kind : kKinds) {
      const Placement placement = Place(kind, problem);
      EXPECT_TRUE(Verify(placement, 32).empty());
      EXPECT_LE(SlotsMoved(current, placement), max_moves) << InfoOf(kind).name;
      for (std::uint32_t e = 0; e < 32; ++e) {
        const auto slots = placement.SlotsOf(e);
        ASSERT_LE(slots.size(), 2U) << InfoOf(kind).name;
        if (slots.size() < 2) continue;
        EXPECT_NE(placement.RankOf(slots[0]) / 2, placement.RankOf(slots[1]) / 2)
            << InfoOf(kind).name;
      }
    }
  }
}

TEST(WindowPolicies, LoadsOfNothingAndRoutesOfNothingAreAllowed) {
  const LayerRoutes routes{0, 4, 32, {}, {}};
  PlacementProblem problem;
  problem.shape = {32, 8, 2, 6, 1};
  problem.loads = WindowLoads(32);
  problem.loads.Add(std::vector<double>(32));
  problem.routes = &routes;
  const Placement current = Place(PlacementKind::kLinear, problem);
  problem.current = &current;
  for (const PlacementKind kind : kKinds) {
    EXPECT_TRUE(Verify(Place(kind, problem), 32).empty()) << InfoOf(kind).name;
  }
}

TEST(NodeAware, PutsATopicsExpertsTogether) {
  // Four topics of 8 experts, equally wanted and always loyal, for four nodes of 8 slots: one node
  // for each topic, D = 1. EPLB knows nothing of topics: were experts on nodes at random, 4 choices
  // would touch 4 (1 - (24 * 23 * 22 * 21) / (32 * 31 * 30 * 29)) = 2.8 of the 4 nodes.
  TopicRules rules;
  rules.topics = 4;
  rules.loyalty = 1;
  rules.tokens = 4000;
  rules.request_tokens = 1;
  rules.even = true;
  const LayerRoutes routes = TopicRoutes(rules);
  const PlacementProblem problem = ProblemOf({32, 8, 2, 4, 1}, routes);
  const auto traffic = [&](PlacementKind kind) {
    return CountNodeTraffic(Place(kind, problem), problem.shape, routes);
  };
  EXPECT_DOUBLE_EQ(traffic(PlacementKind::kNodeAware).nodes_per_token, 1);
  EXPECT_GT(traffic(PlacementKind::kEplb).nodes_per_token, 2.5);
  EXPECT_GE(traffic(PlacementKind::kNodeAware).node_balancedness, 1 / 1.05);
}

TEST(NodeAware, SwapGainIsWhatASwapSaves) {
  const LayerRoutes routes = TopicRoutes({});
  NodeSearch search(routes, 32, 4);
  std::vector<std::uint32_t> node_of(32);
  for (std::uint32_t e = 0; e < 32; ++e) node_of[e] = e % 4;
  search.Assign(node_of);
  NodeSearch fresh(routes, 32, 4);
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const auto e = static_cast<std::uint32_t>(rng.Below(32));
    const auto f = static_cast<std::uint32_t>(rng.Below(32));
    if (node_of[e] == node_of[f]) continue;
    const std::int64_t expected = search.visits() - search.SwapGain(e, f);
    search.Swap(e, f);
    std::swap(node_of[e], node_of[f]);
    fresh.Assign(node_of);  // counted anew
    ASSERT_EQ(search.visits(), expected);
    ASSERT_EQ(search.visits(), fresh.visits());
  }
}

TEST(NodeAware, CopiesServeTokensThatAreThereAnyway) {
  // Node 0: experts 0, 1; node 1: 2, 3. Tokens {0, 2}, {0, 3}, {0, 1}: with expert 0 on node 1 too,
  // the first two visit one node. near = leave = 2 of N = 2: gain 2 * (1 - 1/2).
  const LayerRoutes routes{3, 2, 4, {0, 2, 0, 3, 0, 1}, {}};
  const std::vector<std::uint32_t> node_of = {0, 0, 1, 1};
  CopySearch copies(routes, node_of, 2);
  EXPECT_DOUBLE_EQ(copies.Gain(0, 1), 1);
  // 2 choices move, and of the third, whose sender is on node 1 half the time, one half.
  EXPECT_DOUBLE_EQ(copies.LoadGained(0, 1), 2.5);
  copies.Add(0, 1);
  EXPECT_DOUBLE_EQ(copies.LoadOf(0, 1), 2.5);
  EXPECT_DOUBLE_EQ(copies.LoadOf(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(copies.LoadOfNode(0) + copies.LoadOfNode(1), 6);
}

TEST(SplitAware, BeatsBalancedPlacementUnderTheLp) {
  TopicRules rules;
  rules.tokens = 6000;
  const LayerRoutes routes = TopicRoutes(rules);
  rules.seed = 2;
  const WindowLoads later = CountWindows(TopicRoutes(rules), 300);
  const PlacementProblem problem = ProblemOf({32, 8, 2, 5, 1}, routes);
  const auto balance = [&](PlacementKind kind) {
    return MeanBalancedness(Place(kind, problem), later, TokenSplit::kLp);
  };
  EXPECT_GT(balance(PlacementKind::kSplitAware), balance(PlacementKind::kBalanced));
  EXPECT_GT(balance(PlacementKind::kSplitAware), balance(PlacementKind::kEplb));
}

TEST(Robust, BeatsBalancedPlacementOnWindowsToCome) {
  TopicRules rules;
  rules.tokens = 6000;
  const LayerRoutes routes = TopicRoutes(rules);
  rules.seed = 2;
  const WindowLoads later = CountWindows(TopicRoutes(rules), 600);
  const PlacementProblem problem = ProblemOf({32, 8, 2, 5, 1}, routes);
  const auto balance = [&](PlacementKind kind) {
    return MeanBalancedness(Place(kind, problem), later, TokenSplit::kUniform);
  };
  EXPECT_GT(balance(PlacementKind::kRobust), balance(PlacementKind::kBalanced));
}

TEST(Incremental, ImprovesWithinItsMovesAndRestsWhenNothingPays) {
  const LayerRoutes routes = TopicRoutes({});
  PlacementProblem problem = ProblemOf({32, 8, 2, 5, 1}, routes);
  const Placement linear = Place(PlacementKind::kLinear, problem);
  problem.current = &linear;
  double before = Balancedness(linear, problem.loads.Total(), TokenSplit::kUniform);
  for (const std::uint32_t max_moves : {2U, 4U, 8U}) {
    problem.rules.max_moves = max_moves;
    const Placement placement = Place(PlacementKind::kIncremental, problem);
    const double after = Balancedness(placement, problem.loads.Total(), TokenSplit::kUniform);
    EXPECT_GT(after, before) << "more moves, more balance";
    before = after;
  }
  problem.rules.max_moves.reset();
  const Placement good = Place(PlacementKind::kRobust, problem);
  problem.current = &good;
  EXPECT_LE(SlotsMoved(good, Place(PlacementKind::kIncremental, problem)), 2U)
      << "where robust's search ended hardly a step pays";
}

TEST(Incremental, TheScoreOfAMoveIsTheScoreOfThePlacementAfterIt) {
  const LayerRoutes routes = TopicRoutes({});
  const PlacementProblem problem = ProblemOf({32, 8, 2, 6, 1}, routes);
  const Scenarios scenarios(problem.loads, 8, 0.05, 1);
  const Placement start = Place(PlacementKind::kBalanced, problem);
  std::vector<ExpertIndex> slots(start.expert_of_slot().begin(), start.expert_of_slot().end());
  MoveScore moves(problem.shape, scenarios);
  EvenScore whole(problem.shape, scenarios);
  moves.SetBase(slots);
  EXPECT_NEAR(moves.base(), whole.Of(slots, 1e9), 1e-12);
  const auto on_rank = [&](std::uint32_t rank, ExpertIndex e) {
    return std::find(slots.begin() + rank * 6, slots.begin() + rank * 6 + 6, e) !=
           slots.begin() + rank * 6 + 6;
  };
  for (std::uint32_t a = 0; a < 48; ++a) {
    for (std::uint32_t b = a / 6 * 6 + 6; b < 48; ++b) {
      std::vector<ExpertIndex> after = slots;
      std::swap(after[a], after[b]);
      EXPECT_NEAR(moves.OfSwap(a, b, 1e9), whole.Of(after, 1e9), 1e-12);
    }
    for (ExpertIndex e = 0; e < 32; ++e) {
      if (on_rank(a / 6, e) || start.SlotsOf(slots[a]).size() < 2) continue;
      std::vector<ExpertIndex> after = slots;
      after[a] = e;
      EXPECT_NEAR(moves.OfTransfer(a, e, 1e9), whole.Of(after, 1e9), 1e-12);
    }
  }
}

TEST(ReplanSeries, RecordsWhatEachPlanMovedAndHowTheNextWindowWas) {
  std::vector<LayerRoutes> windows;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    TopicRules rules;
    rules.seed = seed;
    windows.push_back(TopicRoutes(rules));
  }
  PlacementProblem problem;
  problem.shape = {32, 8, 2, 5, 1};
  const auto series = ReplaySeries(problem, windows, {PlacementKind::kEplb, 2, 0.0, 1, {}});
  ASSERT_EQ(series.size(), 5U);
  // Planned after windows 0 (the first plan), 2 and 4.
  std::vector<bool> replanned;
  replanned.reserve(series.size());
  for (const ReplanRecord& record : series) replanned.push_back(record.replanned);
  EXPECT_EQ(replanned, (std::vector<bool>{false, false, true, false, true}));
  PlacementProblem last;
  last.shape = problem.shape;
  last.loads = WindowLoads(32);
  last.loads.Add(CountChoices(windows[2]));
  const Placement planned = Place(PlacementKind::kEplb, last);
  EXPECT_DOUBLE_EQ(series[2].balancedness,
                   Balancedness(planned, CountChoices(windows[3]), TokenSplit::kUniform));
  EXPECT_DOUBLE_EQ(series[2].fitted,
                   Balancedness(planned, CountChoices(windows[2]), TokenSplit::kUniform));
  const ReplanSummary summary = Summarise(series, 40);
  EXPECT_EQ(summary.plans, 2U);
  EXPECT_DOUBLE_EQ(summary.moved_share, (series[2].slots_moved + series[4].slots_moved) / 80.0);
  EXPECT_EQ(
      Summarise(ReplaySeries(problem, windows, {PlacementKind::kEplb, 0, 0.0, 1, {}}), 40).plans,
      0U);
  EXPECT_TRUE(ReplaySeries(problem, {windows.data(), 1}, {}).empty());
}

TEST(TraceWindows, HalvesShareNoRequestAndWindowsCountEveryChoice) {
  RouterTrace trace;
  trace.num_experts = 4;
  trace.top_k = 1;
  trace.layer_ids = {0};
  trace.experts = {{0, 1, 2, 3, 0, 1, 2, 3}};
  // Request 0 comes in two runs.
  trace.runs = {{0, 2, 0}, {1, 3, 0}, {0, 1, 2}, {2, 2, 0}};
  const RequestSplit halves = SplitRequests(trace, 0.5, 1);
  EXPECT_EQ(halves.fit.size() + halves.held_out.size(), 8U);
  const std::vector<std::uint32_t> request = {0, 0, 1, 1, 1, 0, 2, 2};
  for (const std::uint32_t a : halves.fit) {
    for (const std::uint32_t b : halves.held_out) EXPECT_NE(request[a], request[b]);
  }
  std::vector<std::uint32_t> all = ShuffleRequests(trace, 1);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  const WindowLoads windows = CountWindows(GatherRoutes(trace, 0, all), 3);
  EXPECT_EQ(windows.windows(), 2U);  // two tokens are left over
  EXPECT_EQ(windows.Window(1)[3], 1);
}

}  // namespace
}  // namespace switchyard::testing
