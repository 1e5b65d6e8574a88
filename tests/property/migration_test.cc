// What placing experts, moving them and splitting tokens over their replicas may and may not do to
// a step: weights on the way never make it faster, travelling meanwhile never costs more than
// travelling before, and names of ranks mean nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/rng.h"
#include "sim/pipeline/simulate.h"
#include "sim/placement/policy.h"
#include "sim/plan/experts/step_windows.h"
#include "tests/engine/flow_in_child.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

constexpr std::uint32_t kRanks = 8;
constexpr std::uint32_t kExperts = 16;
constexpr std::uint32_t kLayers = 2;  // MoE layers of the small scenario

// Skewed, so that placements differ; exact in fidelity flow.
Scenario Base(Fidelity fidelity) {
  Scenario s = SmallScenario();
  s.fidelity = fidelity;
  s.tolerance = 0;
  s.workload.tokens_per_device = 256;
  s.routing = ZipfRouting{0.8};
  return s;
}

Placement Linear() {
  std::vector<ExpertIndex> slots(kExperts);
  std::iota(slots.begin(), slots.end(), ExpertIndex{0});
  return {kRanks, kExperts / kRanks, kExperts, slots};
}

Placement Shuffled(std::uint64_t seed) {
  const Placement linear = Linear();
  std::vector<ExpertIndex> slots(linear.expert_of_slot().begin(), linear.expert_of_slot().end());
  Rng rng(seed, Stream("migration_test"));
  for (std::size_t i = slots.size(); i > 1; --i) std::swap(slots[i - 1], slots[rng.Below(i)]);
  return {kRanks, kExperts / kRanks, kExperts, slots};
}

struct Step {
  double time = -1;
  double ok = 0;
  double moved_bytes = 0;         // by the operations of migration
  std::vector<double> most = {};  // [layers]: choices that the most loaded rank computes
};

double BytesOf(const RunResult& result, const std::string& name) {
  double bytes = 0;
  for (const CollectiveResult& c : result.collectives) {
    if (c.name == name) bytes += c.bytes;
  }
  return bytes;
}

std::vector<double> MostLoaded(const MoePlan& plan) {
  std::vector<double> most;
  for (const MoeLayerPlan& layer : plan.layers) {
    std::vector<double> ranks(kRanks);
    for (std::size_t s = 0; s < layer.kept.size(); ++s)
      ranks[plan.DeviceOfSlot(s)] += layer.kept[s];
    most.push_back(*std::max_element(ranks.begin(), ranks.end()));
  }
  return most;
}

// In a process of its own, and the caller's objects as they were.
Step RunStep(const Scenario& scenario, const PlanInputs& inputs) {
  const std::vector<double> values = InChild([&] {
    SimulationOptions options;
    options.plan = inputs;
    const auto step = Simulate(scenario, options);
    if (!step.ok()) throw std::runtime_error(ToString(step.errors()));
    const RunResult& result = step.value()->result;
    std::vector<double> out = {result.step_time_s, result.conservation.ok ? 1.0 : 0.0,
                               BytesOf(result, "migration")};
    const std::vector<double> most = MostLoaded(step.value()->plan);
    out.insert(out.end(), most.begin(), most.end());
    return out;
  });
  constexpr std::size_t kFixed = 3;
  if (values.size() < kFixed) return {};
  return {values[0], values[1], values[2], {values.begin() + kFixed, values.end()}};
}

Step Steady(const Scenario& scenario, const LayerPlacements& placements) {
  PlanInputs inputs;
  inputs.placements = &placements;
  return RunStep(scenario, inputs);
}

Step Migrating(Scenario scenario, MigrationMode mode, const LayerPlacements& from,
               const LayerPlacements& to) {
  scenario.placement.migration = MigrationSpec{mode, 0};
  PlanInputs inputs;
  inputs.placements = &to;
  inputs.current = &from;
  return RunStep(scenario, inputs);
}

class MigrationInAStep : public ::testing::TestWithParam<Fidelity> {};

// Of sums of times in another order.
constexpr double kRounding = 1e-9;

TEST_P(MigrationInAStep, WeightsOnTheWayNeverMakeAStepFaster) {
  const Scenario s = Base(GetParam());
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const LayerPlacements from = {Linear(), Linear()};
    const LayerPlacements to = {Shuffled(seed), Shuffled(seed + 10)};
    const Step before = Steady(s, from);
    const Step after = Steady(s, to);
    const Step blocking = Migrating(s, MigrationMode::kBlocking, from, to);
    const Step overlapped = Migrating(s, MigrationMode::kOverlapped, from, to);
    ASSERT_GT(before.time, 0);
    EXPECT_GT(blocking.time, after.time) << "the same step, begun only when the weights are there";
    EXPECT_GE(overlapped.time, before.time * (1 - kRounding))
        << "the same step, its links shared with the weights";
    // One after the other is always possible: the old placement's step, then what waiting for the
    // weights adds to the new placement's.
    EXPECT_LE(overlapped.time, (before.time + blocking.time - after.time) * 1.01)
        << "overlapping costs at most what moving before the step costs";
    EXPECT_EQ(blocking.ok + overlapped.ok, 2.0) << "choices and bytes that left have arrived";
    EXPECT_GT(blocking.moved_bytes, 0);
    EXPECT_EQ(blocking.moved_bytes, overlapped.moved_bytes) << "the same weights either way";
  }
}

TEST_P(MigrationInAStep, WithoutMovesItIsTheSteadyStep) {
  const Scenario s = Base(GetParam());
  const LayerPlacements same = {Shuffled(1), Shuffled(2)};
  const Step steady = Steady(s, same);
  for (const MigrationMode mode : {MigrationMode::kBlocking, MigrationMode::kOverlapped}) {
    const Step still = Migrating(s, mode, same, same);
    EXPECT_EQ(still.time, steady.time) << "nothing moves: not one event more";
    EXPECT_EQ(still.moved_bytes, 0);
    EXPECT_EQ(still.ok, 1.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Fidelities, MigrationInAStep,
                         ::testing::Values(Fidelity::kPairwise, Fidelity::kFlow, Fidelity::kPort),
                         [](const auto& test) { return ToString(test.param); });

// As FlowAgreement: SimGrid's clock resolves 1e-12 s and its flows 1e-5 B.
TEST(MigrationFidelities, FlowSaysWhatPairwiseSays) {
  constexpr double kAgreement = 1e-6;
  const LayerPlacements from = {Linear(), Linear()};
  const LayerPlacements to = {Shuffled(4), Shuffled(5)};
  for (const MigrationMode mode : {MigrationMode::kBlocking, MigrationMode::kOverlapped}) {
    const Step pairwise = Migrating(Base(Fidelity::kPairwise), mode, from, to);
    const Step flow = Migrating(Base(Fidelity::kFlow), mode, from, to);
    ASSERT_GT(pairwise.time, 0);
    EXPECT_NEAR(flow.time / pairwise.time, 1, kAgreement)
        << "max-min fairness has one solution, whoever computes it";
    EXPECT_EQ(flow.moved_bytes, pairwise.moved_bytes);
  }
}

// --- splits of tokens over replicas ---

TEST(ReplicaSplitInAStep, TheLpNeverLoadsAnyRankMoreThanDealingInTurn) {
  for (const double exponent : {0.4, 1.2}) {
    Scenario s = Base(Fidelity::kFlow);
    s.routing = ZipfRouting{exponent};
    s.placement.policy = PlacementKind::kEplb;
    s.placement.redundant_experts = 8;
    const auto with = [&](ReplicaChoice split) {
      s.placement.split = split;
      return RunStep(s, {});
    };
    const Step in_turn = with(ReplicaChoice::kByToken);
    const Step lp = with(ReplicaChoice::kLp);
    EXPECT_EQ(in_turn.ok + lp.ok, 2.0);
    ASSERT_EQ(lp.most.size(), kLayers);
    for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
      EXPECT_LE(lp.most[layer], in_turn.most[layer])
          << "layer " << layer << ", zipf " << exponent
          << ": dealing in turn is one of the splits that the LP chooses among";
      EXPECT_GE(lp.most[layer], 256 * 2) << "the mean: no split is below 256 tokens x top 2";
    }
  }
}

// --- names of ranks ---

// Rank r becomes name_of[r], with its experts and its tokens.
struct Renamed {
  LayerPlacements placements;
  std::vector<LayerRoutes> routes;
};

Renamed Rename(const LayerPlacements& placements, const std::vector<LayerRoutes>& routes,
               const std::vector<std::uint32_t>& name_of) {
  Renamed renamed;
  for (const Placement& p : placements) {
    std::vector<ExpertIndex> slots(p.num_slots());
    for (std::uint32_t s = 0; s < p.num_slots(); ++s) {
      const std::uint32_t in_rank = s % p.slots_per_rank();
      slots[name_of[p.RankOf(s)] * p.slots_per_rank() + in_rank] = p.expert_of_slot()[s];
    }
    renamed.placements.emplace_back(p.ranks(), p.slots_per_rank(), p.num_experts(), slots);
  }
  for (const LayerRoutes& of : routes) {
    LayerRoutes to{of.tokens, of.top_k, of.num_experts, of.expert, {}};
    const std::size_t share = of.expert.size() / kRanks;
    for (std::uint32_t r = 0; r < kRanks; ++r) {
      std::copy_n(of.expert.begin() + static_cast<std::ptrdiff_t>(r * share), share,
                  to.expert.begin() + static_cast<std::ptrdiff_t>(name_of[r] * share));
    }
    renamed.routes.push_back(std::move(to));
  }
  return renamed;
}

double TimeOf(const Scenario& s, const Renamed& step) {
  PlanInputs inputs;
  inputs.placements = &step.placements;
  inputs.routes = [&](std::uint32_t layer) { return step.routes[layer]; };
  return RunStep(s, inputs).time;
}

using Names = std::vector<std::uint32_t>;

// The change of the step's time, in seconds, when ranks get other names. Skewed tokens and
// shuffled experts: nothing in the step itself is symmetric.
double ChangeOfTime(const Scenario& s, const Names& names) {
  const StepWindows window = StepWindows::Open(s, WindowUse::kHeldOut, 1).value();
  const std::vector<LayerRoutes> routes = {window.Window(0, 0), window.Window(1, 0)};
  const LayerPlacements placements = {Shuffled(6), Shuffled(7)};
  Names same(kRanks);
  std::iota(same.begin(), same.end(), 0u);
  const double before = TimeOf(s, Rename(placements, routes, same));
  EXPECT_GT(before, 0);
  return TimeOf(s, Rename(placements, routes, names)) - before;
}

// 4 nodes of 2 GPUs, a leaf for GPU 0 of all nodes and one for GPU 1.
Scenario OnFourNodes(Fidelity fidelity) {
  Scenario s = Base(fidelity);
  s.cluster.nodes = 4;
  s.cluster.node.gpus = 2;
  return s;
}

const std::vector<Names>& SymmetriesOfFourNodes() {
  static const std::vector<Names> kNames = {{1, 0, 3, 2, 5, 4, 7, 6},   // rails swap names
                                            {6, 7, 0, 1, 4, 5, 2, 3},   // nodes do
                                            {7, 6, 5, 4, 3, 2, 1, 0}};  // both
  return kNames;
}

constexpr double kNothing = 1e-12;  // s, SimGrid's clock

// GPUs of a node are alike, and so are nodes and rails: a step whose ranks change names with their
// tokens and experts is the same step.
TEST(NamesOfRanks, MeanNothingWhereTheClusterIsSymmetric) {
  for (const Fidelity fidelity : {Fidelity::kPairwise, Fidelity::kFlow}) {
    for (const Names& names : SymmetriesOfFourNodes()) {
      EXPECT_NEAR(ChangeOfTime(OnFourNodes(fidelity), names), 0, kNothing)
          << ToString(fidelity) << ": rank 0 is now rank " << names[0];
    }
    // Traffic takes the rail of its receiver. Between two nodes each NIC thus serves one GPU of the
    // other node, and the ranks of one node alone may change names.
    EXPECT_NEAR(ChangeOfTime(Base(fidelity), {2, 0, 3, 1, 4, 5, 6, 7}), 0, kNothing)
        << ToString(fidelity) << ": two nodes, one of them renamed";
  }
}

// Among more nodes a NIC serves a GPU of each other node, and which of them share one is not the
// same when the ranks of one node swap: not a symmetry, and the step shows it.
TEST(NamesOfRanks, MeanSomethingWhereOthersShareARail) {
  for (const Fidelity fidelity : {Fidelity::kPairwise, Fidelity::kFlow}) {
    EXPECT_GT(std::abs(ChangeOfTime(OnFourNodes(fidelity), {1, 0, 2, 3, 4, 5, 6, 7})), kNothing)
        << ToString(fidelity);
  }
}

// Fidelity port serves a link's flows in the order in which their senders entered, of equals by
// rank, not in that of their arrival: a flow with a long way may hold up one with a short way, for
// no more than the difference of their latencies, once a transfer.
TEST(NamesOfRanks, MeanNoMoreThanLatenciesInFidelityPort) {
  const Scenario s = OnFourNodes(Fidelity::kPort);
  const NodeSpec& node = s.cluster.node;
  const Seconds longest = 2 * (node.nvlink->latency + node.pcie.latency + node.nic->latency) +
                          std::get<RailOptimizedSpec>(*s.cluster.fabric).spine_latency;
  constexpr double kTransfers = 2 * kLayers;  // dispatch and combine
  for (const Names& names : SymmetriesOfFourNodes()) {
    EXPECT_NEAR(ChangeOfTime(s, names), 0, kTransfers * longest.value)
        << "rank 0 is now rank " << names[0];
  }
}

TEST(NamesOfSlots, InARankMeanNothing) {
  for (const Fidelity fidelity : {Fidelity::kPairwise, Fidelity::kFlow, Fidelity::kPort}) {
    const Placement first = Shuffled(8);
    std::vector<ExpertIndex> slots(first.expert_of_slot().begin(), first.expert_of_slot().end());
    for (std::size_t s = 0; s < slots.size(); s += 2) std::swap(slots[s], slots[s + 1]);
    const Placement swapped(kRanks, 2, kExperts, slots);
    const Scenario s = Base(fidelity);
    EXPECT_NEAR(Steady(s, {swapped, swapped}).time / Steady(s, {first, first}).time, 1, kRounding)
        << ToString(fidelity) << ": a rank computes the same rows in another order";
  }
}

}  // namespace
}  // namespace switchyard::testing
