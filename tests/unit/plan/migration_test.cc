// Do experts' weights get where a new placement wants them, from where they are, and no others?
#include "sim/plan/experts/migration.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "sim/base/rng.h"
#include "sim/plan/lower.h"
#include "sim/plan/step_builder.h"
#include "tests/unit/plan/scenarios.h"
#include "topologies/builder.h"

namespace switchyard::testing {
namespace {

constexpr std::uint32_t kRanks = 8;
constexpr std::uint32_t kPerNode = 4;
constexpr std::uint32_t kExperts = 16;

std::vector<ExpertIndex> LinearSlots() {
  std::vector<ExpertIndex> slots(kExperts);
  for (std::uint32_t s = 0; s < kExperts; ++s) slots[s] = static_cast<ExpertIndex>(s);
  return slots;
}

Placement Linear() { return {kRanks, 2, kExperts, LinearSlots()}; }

Placement Shuffled(std::uint64_t seed) {
  std::vector<ExpertIndex> slots = LinearSlots();
  Rng rng(seed);
  for (std::size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[rng.Below(i)]);
  return {kRanks, 2, kExperts, slots};
}

std::uint32_t Total(const WeightMoves& moves) {
  std::uint32_t total = 0;
  for (const WeightMove& move : moves) total += move.experts;
  return total;
}

TEST(PlanMoves, MovesWhatEachRankLacksAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Placement to = Shuffled(seed);
    const WeightMoves moves = PlanMoves(Linear(), to, kPerNode);
    EXPECT_EQ(Total(moves), SlotsMoved(Linear(), to)) << "seed " << seed;
    for (const WeightMove& move : moves) EXPECT_NE(move.from, move.to);
  }
  EXPECT_TRUE(PlanMoves(Linear(), Linear(), kPerNode).empty());
}

TEST(PlanMoves, OrderOfSlotsInARankIsNoMove) {
  std::vector<ExpertIndex> slots = LinearSlots();
  for (std::size_t s = 0; s < slots.size(); s += 2) std::swap(slots[s], slots[s + 1]);
  EXPECT_TRUE(PlanMoves(Linear(), {kRanks, 2, kExperts, slots}, kPerNode).empty());
}

TEST(PlanMoves, SendsWithinTheNodeAndSharesTheWork) {
  // Expert 0 is on ranks 0, 1 (node 0) and 4 (node 1); rank 2 and 3 want it: from node 0, one each.
  const Placement from(8, 1, 6, {0, 0, 1, 2, 0, 3, 4, 5});
  const Placement to(8, 1, 6, {1, 2, 0, 0, 0, 3, 4, 5});
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> moved;
  for (const WeightMove& move : PlanMoves(from, to, kPerNode)) {
    moved[{move.from, move.to}] = move.experts;
  }
  using Moves = std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t>;
  EXPECT_EQ(moved, (Moves{{{2, 0}, 1}, {{3, 1}, 1}, {{0, 2}, 1}, {{1, 3}, 1}}));
}

TEST(StepOfMigration, BlockingIsThereOverlappedIsNotYet) {
  const LayerPlacements from = {Linear(), Linear(), Linear()};
  const LayerPlacements to = {Shuffled(1), Linear(), Shuffled(2)};
  const auto same = [](const Placement& a, const Placement& b) {
    return SlotsMoved(a, b) == 0 && SlotsMoved(b, a) == 0;
  };
  const MigrationStep blocking = StepOfMigration(from, to, {MigrationMode::kBlocking, 0}, kPerNode);
  EXPECT_TRUE(same(blocking.placements[0], to[0]) && same(blocking.placements[2], to[2]));
  EXPECT_TRUE(blocking.moves[1].empty()) << "layer 1 does not change";
  const MigrationStep overlapped =
      StepOfMigration(from, to, {MigrationMode::kOverlapped, 0}, kPerNode);
  EXPECT_TRUE(same(overlapped.placements[0], from[0])) << "tokens still meet the old placement";
  EXPECT_EQ(Total(overlapped.moves[0]), Total(blocking.moves[0]));
  const MigrationStep one = StepOfMigration(from, to, {MigrationMode::kBlocking, 1}, kPerNode);
  EXPECT_TRUE(same(one.placements[0], to[0])) << "the first layer that changes";
  EXPECT_TRUE(same(one.placements[2], from[2])) << "the second one waits";
  EXPECT_TRUE(one.moves[2].empty());
}

// A step of the small scenario that moves its experts from linear to another placement.
struct MigratingStep {
  explicit MigratingStep(MigrationMode mode) : scenario(SmallScenario()) {
    scenario.placement.migration = MigrationSpec{mode, 0};
    current = {Linear(), Linear()};
    next = {Shuffled(5), Shuffled(6)};
    PlanInputs inputs;
    inputs.placements = &next;
    inputs.current = &current;
    plan = PlanExperts(scenario, inputs).value();
    step = BuildStep(scenario, plan);
  }
  Scenario scenario;
  LayerPlacements current, next;
  MoePlan plan;
  StepGraph step;
};

TEST(MigrationInAStep, BlockingHoldsTheFirstOpBackOverlappedHoldsNothing) {
  const MigratingStep blocking(MigrationMode::kBlocking);
  ASSERT_EQ(blocking.step.ops[0].label.name, OpName::kMigration);
  ASSERT_EQ(blocking.step.ops[1].label.name, OpName::kMigration) << "one for each of two layers";
  ASSERT_EQ(blocking.step.ops[2].label.name, OpName::kAttention);
  EXPECT_EQ(blocking.step.ops[2].after, std::vector<TaskId>{TaskId(1)});
  const MigratingStep overlapped(MigrationMode::kOverlapped);
  for (std::size_t i = 2; i < overlapped.step.ops.size(); ++i) {
    for (const TaskId before : overlapped.step.ops[i].after) {
      EXPECT_GE(before.index(), 2u) << "op " << i << " waits for moving weights";
    }
  }
}

TEST(MigrationInAStep, MovesTheExpertsWeights) {
  const MigratingStep s(MigrationMode::kBlocking);
  const auto platform = BuildPlatform(s.scenario.cluster);
  ASSERT_TRUE(platform.ok());
  const auto paths = MakePathSelector(PathSelection::kRailAware, platform.value());
  const StepFlows flows(s.step, s.plan, s.scenario, platform.value(), *paths);
  double bytes = 0;
  for (const std::size_t task : {std::size_t{0}, std::size_t{1}}) {
    for (const Flow& flow : flows.Flows(TaskId(task)).flows) bytes += flow.bytes.value;
  }
  const double moved = SlotsMoved(s.current[0], s.next[0]) + SlotsMoved(s.current[1], s.next[1]);
  EXPECT_EQ(bytes, moved * 3 * 256 * 128 * 2)
      << "slots moved x (up, gate, down of 256 x 128) x 2 B of bf16";
}

}  // namespace
}  // namespace switchyard::testing
