// How near to the bound, and how fast, is `balanced` on the synthetic loads and on recorded ones?
// Prints a row for each setting. The loads lie beside the project; without them: skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>
#include <numeric>

#include "sim/placement/bounds.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/exact/fold_lp.h"
#include "sim/placement/exact/mates_lp.h"
#include "sim/placement/policy.h"
#include "tests/unit/placement/load_files.h"

namespace switchyard::testing {
namespace {

// Means over the layers of one setting.
struct Figures {
  double eplb = 0;
  double balanced = 0;
  double bound = 0;
  double microseconds = 0;
  // Of balanced over EPLB, of all layers where EPLB puts no expert twice on a rank. Where it does
  // it may win: one of the grid's 6,264 layers, by 0.0033 (lognormal 1.0, 160 ranks).
  double least_gain = 1;
};

// Of this thread: other programs on the machine do not count.
double CpuMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

double BalancednessOf(const Placement& placement, std::span<const double> loads) {
  return Balancedness(placement, loads, TokenSplit::kUniform);
}

Figures Measure(const PlacementShape& shape, const std::vector<std::vector<double>>& layers) {
  const auto eplb = MakePlacementPolicy(PlacementKind::kEplb);
  const auto balanced = MakePlacementPolicy(PlacementKind::kBalanced);
  Figures mean;
  for (const std::vector<double>& loads : layers) {
    PlacementProblem problem;
    problem.shape = shape;
    problem.loads = WindowLoads(shape.experts);
    problem.loads.Add(loads);
    const double start = CpuMicroseconds();
    const Placement placement = balanced->Place(problem);
    const double took = CpuMicroseconds() - start;
    const double reached = BalancednessOf(placement, loads);
    const Placement published_placement = eplb->Place(problem);
    const double published = BalancednessOf(published_placement, loads);
    const double bound = BoundBalance(shape, loads).balancedness;
    EXPECT_LE(reached, bound * (1 + 1e-9));
    EXPECT_EQ(WastedSlots(placement), 0u);
    EXPECT_TRUE(Verify(placement, shape.experts).empty());
    mean.eplb += published;
    mean.balanced += reached;
    mean.bound += bound;
    mean.microseconds += took;
    if (WastedSlots(published_placement) > 0) continue;
    mean.least_gain = std::min(mean.least_gain, reached - published);
  }
  const auto n = static_cast<double>(layers.size());
  return {mean.eplb / n, mean.balanced / n, mean.bound / n, mean.microseconds / n, mean.least_gain};
}

void PrintRow(const std::string& load, const PlacementShape& shape, const Figures& f) {
  std::printf("%-14s G=%3u R=%3u S=%2u  eplb %.4f  balanced %.4f  bound %.4f  %.4f  %7.0f us\n",
              load.c_str(), shape.ranks, shape.redundant(), shape.slots_per_rank, f.eplb,
              f.balanced, f.bound, f.balanced / f.bound, f.microseconds);
}

// At 8 slots a rank 0.998 of the bound, at 4 to 7 0.99, at fewer no goal: the bound is not tight
// there. Where one expert has 65 times the mean (zipf 1.2) `near` is false: nothing comes near.
void ExpectGoals(const PlacementShape& shape, const Figures& f, bool near) {
  EXPECT_GE(f.least_gain, -1e-6);  // balanced stops so near to the bound
  EXPECT_GE(f.balanced, f.eplb - 1e-6);
  if (!near || shape.slots_per_rank < 4) return;
  EXPECT_GE(f.balanced, (shape.slots_per_rank >= 8 ? 0.998 : 0.99) * f.bound);
}

TEST(Grid, BalancedIsNearTheBoundAndNeverBelowEplb) {
  const std::vector<GridCell> cells = ReadGrid();
  if (cells.empty()) GTEST_SKIP() << "no ../shared/data/placement_loads beside the project";
  std::map<std::string, std::vector<std::vector<double>>> loads;
  for (const GridCell& cell : cells) {
    auto& layers = loads[cell.load];
    if (layers.empty()) layers = ReadLoads(cell.load);
    ASSERT_EQ(layers.size(), 58u) << cell.load;
    const PlacementShape shape{256, cell.ranks, 1, cell.slots_per_rank, 1};
    const Figures f = Measure(shape, layers);
    PrintRow(cell.load, shape, f);
    // The reference has five digits, and near ties may fall otherwise there.
    EXPECT_NEAR(f.eplb, cell.eplb, 1e-4);
    ExpectGoals(shape, f, cell.load != "zipf_1.2");
  }
}

// Against the linear programs, which no placement is below and which whole counts need not reach.
// The goal is half a percent of the best whole counts. Measured against the program, six layers
// each: 0.0 to 0.4 % at two slots, 0.6 % at zipf 0.4 on 160 ranks, where Cbc found no better counts
// in the layers and seconds that it was given; at three slots 0.1 to 0.6 %, 1.3 % at zipf 0.8.
TEST(Grid, BalancedIsNearTheLinearProgramAtTwoAndThreeSlots) {
  const std::vector<GridCell> cells = ReadGrid();
  if (cells.empty()) GTEST_SKIP() << "no ../shared/data/placement_loads beside the project";
  for (const GridCell& cell : cells) {
    if (cell.slots_per_rank > 3 || cell.redundant == 0) continue;
    constexpr std::size_t kLayers = 6;  // the bounds take up to 0.1 s a layer
    std::vector<std::vector<double>> layers = ReadLoads(cell.load);
    ASSERT_EQ(layers.size(), 58u) << cell.load;
    layers.resize(kLayers);
    const PlacementShape shape{256, cell.ranks, 1, cell.slots_per_rank, 1};
    Figures f = Measure(shape, layers);
    f.bound = 0;
    for (const std::vector<double>& loads : layers) {
      const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / shape.ranks;
      const FoldProblem fold{loads, shape.slots(), shape.ranks};
      const double least = shape.slots_per_rank == 2 ? FoldLpBound(fold) : MatesLpBound(fold, 3);
      f.bound += mean / least / static_cast<double>(kLayers);
    }
    PrintRow(cell.load, shape, f);
    EXPECT_GE(f.balanced,
              (cell.load == "zipf_0.8" && cell.slots_per_rank == 3 ? 0.985 : 0.993) * f.bound);
  }
}

// 64 experts, all four recorded tasks together, in sample.
TEST(Grid, BalancedIsNearTheBoundOnRecordedTraces) {
  std::vector<std::vector<double>> loads;
  for (const char* task : {"intent", "law", "summary", "translation"}) {
    const auto own = ReadTraceLoads(task);
    if (own.empty()) GTEST_SKIP() << "no ../shared/data/esft_deepseek_v2_lite beside the project";
    loads.resize(own.size(), std::vector<double>(64));
    for (std::size_t layer = 0; layer < own.size(); ++layer) {
      for (std::size_t e = 0; e < 64; ++e) loads[layer][e] += own[layer][e];
    }
  }
  for (const PlacementShape& shape : {PlacementShape{64, 8, 1, 8, 1},
                                      {64, 8, 1, 10, 1},
                                      {64, 16, 1, 4, 1},
                                      {64, 16, 1, 5, 1},
                                      {64, 32, 1, 3, 1},
                                      {64, 48, 1, 2, 1}}) {
    const Figures f = Measure(shape, loads);
    PrintRow("esft", shape, f);
    ExpectGoals(shape, f, true);
  }
}

}  // namespace
}  // namespace switchyard::testing
