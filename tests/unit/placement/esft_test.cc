// The policies on recorded traces: DeepSeek-V2-Lite, four tasks of ESFT (github.com/deepseek-ai/
// ESFT, MIT), 26 layers of 64 experts, top-6, 33,279 tokens of 213 requests. Fitted on a random
// half of the requests, judged on the other; or on one window, judged on the next. Prints the
// tables.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "sim/placement/evaluate.h"
#include "sim/placement/policy.h"
#include "sim/placement/split/token_routes.h"
#include "sim/placement/windows/replan_series.h"
#include "sim/routing/trace/trace_join.h"
#include "tests/unit/placement/trace_windows.h"

namespace switchyard::testing {
namespace {

constexpr std::uint32_t kExperts = 64;
// Some hundred tokens, a few requests: what a recorder writes in one go.
constexpr std::uint32_t kFitWindow = 680;

class Esft : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path folder =
        std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "../shared/data/esft_deepseek_v2_lite";
    const std::vector<std::string> names = {"intent", "law", "summary", "translation"};
    std::vector<RouterTrace> parts;
    for (const std::string& name : names) {
      const std::filesystem::path file = folder / (name + ".topk_ids.npy");
      if (!std::filesystem::exists(file)) {
        GTEST_SKIP() << "the recorded traces are not there: " << file;
      }
      Result<RouterTrace> part = LoadTrace(file, {kExperts});
      ASSERT_TRUE(part.ok()) << ToString(part.errors());
      parts.push_back(std::move(part.value()));
    }
    Result<RouterTrace> joined = JoinTraces(std::move(parts), names);
    ASSERT_TRUE(joined.ok()) << ToString(joined.errors());
    trace_ = std::move(joined.value());
  }

  [[nodiscard]] double Layers() const { return trace_.layers(); }

  RouterTrace trace_;
};

double Milliseconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
      .count();
}

struct NodeFigures {
  double nodes = 0, remote = 0, fitted_balance = 0, balance = 0, ms = 0;
};

TEST_F(Esft, NodeAwareSavesAFifthOfTheCopiesBetweenNodes) {
  const RequestSplit halves = SplitRequests(trace_, 0.5, 1);
  // Senders hold tokens of all requests.
  const std::vector<std::uint32_t> held_out = ShuffleTokens(halves.held_out, 1);
  std::printf("nodes  policy      D     copies  node balance fit/held-out  ms a layer\n");
  for (const std::uint32_t nodes : {2U, 4U, 8U}) {
    NodeFigures figures[2];
    for (std::uint32_t layer = 0; layer < trace_.layers(); ++layer) {
      const LayerRoutes fit = GatherRoutes(trace_, layer, halves.fit);
      const LayerRoutes judge = GatherRoutes(trace_, layer, held_out);
      PlacementProblem problem;
      problem.shape = {kExperts, nodes * 4, 4, kExperts / nodes / 4, 1};
      problem.loads = CountWindows(fit, fit.tokens);
      problem.routes = &fit;
      const PlacementKind kinds[] = {PlacementKind::kEplb, PlacementKind::kNodeAware};
      for (int k = 0; k < 2; ++k) {
        const auto start = std::chrono::steady_clock::now();
        const Placement placement = MakePlacementPolicy(kinds[k])->Place(problem);
        figures[k].ms += Milliseconds(start) / Layers();
        const NodeTraffic traffic = CountNodeTraffic(placement, problem.shape, judge);
        const NodeTraffic fitted = CountNodeTraffic(placement, problem.shape, fit);
        figures[k].nodes += traffic.nodes_per_token / Layers();
        figures[k].remote += traffic.remote_copies_per_token / Layers();
        figures[k].balance += traffic.node_balancedness / Layers();
        figures[k].fitted_balance += fitted.node_balancedness / Layers();
        const double least = k == 0 ? 0.0 : 1 / 1.05 - 1e-9;
        EXPECT_GE(fitted.node_balancedness, least) << "layer " << layer;
      }
    }
    const char* names[] = {"eplb", "node_aware"};
    for (int k = 0; k < 2; ++k) {
      std::printf("%5u  %-10s  %.3f  %.3f   %.3f / %.3f              %.2f\n", nodes, names[k],
                  figures[k].nodes, figures[k].remote, figures[k].fitted_balance,
                  figures[k].balance, figures[k].ms);
    }
    // A fifth at 4 and 8 nodes; at 2 a token of six choices hardly ever needs one node only.
    const double bound = nodes == 2 ? 0.90 : 0.80;
    EXPECT_LE(figures[1].remote, bound * figures[0].remote) << nodes << " nodes";
  }
}

// Balancedness on batches of the other half: mean over layers and batches.
struct HeldOut {
  double even[3] = {};
  double split[3] = {};
};
constexpr std::uint32_t kBatches[] = {256, 1024, 4096};

constexpr PlacementKind kKinds[] = {PlacementKind::kEplb, PlacementKind::kRobust,
                                    PlacementKind::kSplitAware};
using HeldOutFigures = std::array<HeldOut, std::size(kKinds)>;

// Nodes of four ranks.
HeldOutFigures JudgeHeldOut(const RouterTrace& trace, std::uint32_t ranks, std::uint32_t slots) {
  const RequestSplit halves = SplitRequests(trace, 0.5, 1);
  const std::vector<std::uint32_t> held_out = ShuffleTokens(halves.held_out, 1);
  HeldOutFigures figures;
  for (std::uint32_t layer = 0; layer < trace.layers(); ++layer) {
    const LayerRoutes judge = GatherRoutes(trace, layer, held_out);
    PlacementProblem problem;
    problem.shape = {kExperts, ranks, 4, slots / ranks, 1};
    problem.loads = CountWindows(GatherRoutes(trace, layer, halves.fit), kFitWindow);
    for (std::size_t k = 0; k < std::size(kKinds); ++k) {
      const Placement placement = MakePlacementPolicy(kKinds[k])->Place(problem);
      for (std::size_t b = 0; b < std::size(kBatches); ++b) {
        const WindowLoads batches = CountWindows(judge, kBatches[b]);
        figures[k].even[b] +=
            MeanBalancedness(placement, batches, TokenSplit::kUniform) / trace.layers();
        figures[k].split[b] +=
            MeanBalancedness(placement, batches, TokenSplit::kLp) / trace.layers();
      }
    }
  }
  return figures;
}

TEST_F(Esft, RobustAndSplitAwareBeatEplbOnRequestsNotSeen) {
  std::printf("even / LP split on batches of       256            1024           4096\n");
  for (const auto& [ranks, slots] : {std::pair{16U, 80U}, std::pair{32U, 96U}}) {
    const HeldOutFigures figures = JudgeHeldOut(trace_, ranks, slots);
    for (std::size_t k = 0; k < std::size(kKinds); ++k) {
      std::printf("ranks %u slots %u %-12s", ranks, slots,
                  std::string(InfoOf(kKinds[k]).name).c_str());
      for (std::size_t b = 0; b < std::size(kBatches); ++b) {
        std::printf("  %.3f / %.3f", figures[k].even[b], figures[k].split[b]);
      }
      std::printf("\n");
    }
    for (std::size_t b = 0; b < std::size(kBatches); ++b) {
      EXPECT_GE(figures[1].even[b], figures[0].even[b]) << "robust, batches of " << kBatches[b];
      const double least = b == 0 ? 0.94 : 0.97;
      EXPECT_GE(figures[2].split[b], least) << "split aware, batches of " << kBatches[b];
    }
  }
}

struct Replanning {
  ReplanSummary eplb, incremental;
};

// Mean over layers of both policies on windows of 2,048 tokens, 16 ranks, 16 redundant slots.
Replanning ReplanAll(const RouterTrace& trace, std::span<const std::uint32_t> tokens) {
  constexpr std::uint32_t kWindow = 2048;
  constexpr std::uint32_t kSlots = 80;
  Replanning mean{{0, 0, 0, 0}, {0, 0, 0, 0}};
  PlacementProblem problem;
  problem.shape = {kExperts, 16, 4, kSlots / 16, 1};
  const auto add = [&](const ReplanSummary& one, ReplanSummary& sum) {
    sum.plans += one.plans;
    sum.moved_share += one.moved_share / trace.layers();
    sum.fitted += one.fitted / trace.layers();
    sum.balancedness += one.balancedness / trace.layers();
  };
  for (std::uint32_t layer = 0; layer < trace.layers(); ++layer) {
    std::vector<LayerRoutes> windows;
    for (std::size_t first = 0; first + kWindow <= tokens.size(); first += kWindow) {
      windows.push_back(GatherRoutes(trace, layer, tokens.subspan(first, kWindow)));
    }
    ReplanRules rules;
    add(Summarise(ReplaySeries(problem, windows, rules), kSlots), mean.incremental);
    // As servers run it: from the last window alone.
    rules = {PlacementKind::kEplb, 1, 0.0, 1, TokenSplit::kUniform};
    add(Summarise(ReplaySeries(problem, windows, rules), kSlots), mean.eplb);
  }
  return mean;
}

void Print(const char* traffic, const Replanning& r) {
  std::printf(
      "%s  eplb: moved %.1f %%, fitted %.3f, next window %.4f   incremental: moved %.1f %%, "
      "fitted %.3f, next window %.4f\n",
      traffic, 100 * r.eplb.moved_share, r.eplb.fitted, r.eplb.balancedness,
      100 * r.incremental.moved_share, r.incremental.fitted, r.incremental.balancedness);
}

TEST_F(Esft, IncrementalMovesATenthOfTheSlotsForBetterWindowsUnderCalmTraffic) {
  const Replanning calm = ReplanAll(trace_, ShuffleRequests(trace_, 1));
  Print("requests shuffled", calm);
  EXPECT_LE(calm.incremental.moved_share, 0.105);
  EXPECT_GE(calm.incremental.balancedness, calm.eplb.balancedness + 0.03);
}

TEST_F(Esft, IncrementalMovesAFifthAtMostWhenTasksChange) {
  std::vector<std::uint32_t> in_order(trace_.tokens());
  std::iota(in_order.begin(), in_order.end(), 0U);
  const Replanning drift = ReplanAll(trace_, in_order);
  Print("task after task  ", drift);
  EXPECT_LE(drift.incremental.moved_share, 0.20);
  // As good as EPLB, which rewrites everything; 0.002 for what a tie in a search may shift.
  EXPECT_GE(drift.incremental.balancedness, drift.eplb.balancedness - 0.002);
}

}  // namespace
}  // namespace switchyard::testing
