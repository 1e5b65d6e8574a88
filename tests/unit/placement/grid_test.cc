// How near to the bound, and how fast, is `balanced` on the synthetic loads and on recorded ones?
// Prints a row for each setting. The loads lie beside the project; without them: skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <map>

#include "sim/placement/balance/rank_loads.h"
#include "sim/placement/bounds.h"
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
  double least_gain = 1;  // of balanced over EPLB, of all layers
};

// Of this thread: other programs on the machine do not count.
double CpuMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

double BalancednessOf(const Placement& placement, std::span<const double> loads) {
  return MeanOverMax(UniformRankLoads(placement, loads));
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
    const double published = BalancednessOf(eplb->Place(problem), loads);
    const double bound = BoundBalance(shape, loads).balancedness;
    EXPECT_LE(reached, bound * (1 + 1e-9));
    EXPECT_EQ(WastedSlots(placement), 0u);
    EXPECT_TRUE(Verify(placement, shape.experts).empty());
    mean.eplb += published;
    mean.balanced += reached;
    mean.bound += bound;
    mean.microseconds += took;
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

TEST(Grid, BalancedIsNearTheBoundAndNeverBelowEplb) {
  const std::vector<GridCell> cells = ReadGrid();
  if (cells.empty()) GTEST_SKIP() << "no ../shared/data/placement_loads beside the project";
  std::map<std::string, std::vector<std::vector<double>>> loads;
  for (const GridCell& cell : cells) {
    auto& layers = loads[cell.load];
    if (layers.empty()) layers = ReadLoads(cell.load);
    ASSERT_EQ(layers.size(), 58u) << cell.load;
 if (getenv("ONLY") && cell.slots_per_rank != (unsigned)atoi(getenv("ONLY"))) continue;
    const PlacementShape shape{256, cell.ranks, 1, cell.slots_per_rank, 1};
    const Figures f = Measure(shape, layers);
    PrintRow(cell.load, shape, f);
    // Rounding of EPLB's single precision apart: the reference has five digits.
    EXPECT_NEAR(f.eplb, cell.eplb, 1e-4);
    EXPECT_GE(f.least_gain, -1e-9);
    const double goal = cell.slots_per_rank >= 8 ? 0.998 : cell.slots_per_rank >= 4 ? 0.99 : 0.0;
    if (cell.load != "zipf_1.2") {
      EXPECT_GE(f.balanced, goal * f.bound);
    }
  }
}

}  // namespace
}  // namespace switchyard::testing
