// Disturbances on other networks than rails, in every fidelity: traffic goes round what is dead,
// and what moves a bit costs what its tier says.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/engine/flow_in_child.h"
#include "tests/property/simulated_steps.h"
#include "topologies/disturb/names.h"

namespace switchyard::testing {
namespace {

constexpr std::array kFidelities = {Fidelity::kPairwise, Fidelity::kFlow, Fidelity::kPort};

// 16 GPUs with a NIC each fill a fat tree of radix 4: an edge switch has two ways up.
Scenario OnFatTree() {
  Scenario s = SmallScenario();
  s.parallelism = {1, 16};
  s.cluster.nodes = 4;
  s.cluster.fabric = FatTreeSpec{4, 1.0, 1_us};
  s.cluster.paths = PathSelection::kEcmp;
  return s;
}

Scenario OnTorus() {
  Scenario s = OnFatTree();
  s.cluster.node.nvlink.reset();
  s.cluster.node.nic.reset();
  s.cluster.fabric = TorusSpec{{4, 4}, {100_GBps, 1_us}};
  return s;
}

// Groups of 2 routers with 2 NICs each.
Scenario OnDragonfly() {
  Scenario s = OnFatTree();
  s.cluster.fabric = DragonflySpec{4, 2, 2, 1, {50_GBps, 1_us}, {50_GBps, 1_us}};
  return s;
}

// Four NICs of its own for each GPU, as AWS p5.
Scenario WithManyNics() {
  Scenario s = SmallScenario();
  s.cluster.node.nics = 16;
  s.cluster.node.nic = LinkSpec{12.5_GBps, 1_us};
  return s;
}

// What a step did, as far as these tests ask.
struct Outcome {
  double ok = 0;  // conservation of tokens and bytes
  double time = 0;
  double on_links = 0;  // bytes on the links asked for
  double links_j = 0;
};

Outcome Measure(const Scenario& scenario, const std::string& links) {
  const std::vector<double> values = InChild([&] {
    const auto step = Simulate(scenario);
    if (!step.ok()) throw std::runtime_error(ToString(step.errors()));
    const SimulatedStep& done = *step.value();
    double bytes = 0;
    const auto asked = PlatformNames(done.platform).Links(links);
    if (!asked.ok()) throw std::runtime_error(ToString(asked.errors()));
    for (const LinkId link : asked.value()) {
      bytes += done.timeline.links[link.index()].bytes.value;
    }
    const auto& energy = done.result.energy;
    return std::vector<double>{done.result.conservation.ok ? 1.0 : 0.0,
                               done.timeline.makespan.value, bytes, energy ? energy->links_j : 0.0};
  });
  if (values.size() != 4) return {};
  return {values[0], values[1], values[2], values[3]};
}

// Links named `links` carry bytes, and none when `break_them` has acted; nothing is lost.
void ExpectDetour(const Scenario& scenario, const std::string& links,
                  const std::function<void(Disturbances&)>& break_them) {
  for (const Fidelity fidelity : kFidelities) {
    Scenario s = scenario;
    s.fidelity = fidelity;
    SCOPED_TRACE(links + ", " + ToString(fidelity));
    const Outcome before = Measure(s, links);
    EXPECT_GT(before.on_links, 0);
    break_them(s.disturbances);
    const Outcome after = Measure(s, links);
    EXPECT_EQ(after.ok, 1.0);
    EXPECT_EQ(after.on_links, 0);
    EXPECT_GT(after.time, 0);
  }
}

void ExpectDetourRoundLink(const Scenario& scenario, const std::string& link) {
  ExpectDetour(scenario, link, [&](Disturbances& d) { d.links = {{link, {0, {}, kForever}}}; });
}

TEST(WhatIfNetworks, AFatTreeGoesRoundADeadLink) {
  Scenario s = OnFatTree();
  ExpectDetourRoundLink(s, "edge0>agg0");
  s.cluster.paths = PathSelection::kAdaptive;
  ExpectDetourRoundLink(s, "edge0>agg0");
}

TEST(WhatIfNetworks, ATorusGoesRoundADeadLink) {
  ExpectDetourRoundLink(OnTorus(), "router0>router1");
}

TEST(WhatIfNetworks, ADragonflyGoesRoundADeadLink) {
  ExpectDetourRoundLink(OnDragonfly(), "router0>router1");
}

TEST(WhatIfNetworks, ADeadNicOfSeveralLeavesTheOthersOfItsGpu) {
  const Scenario s = WithManyNics();
  ExpectDetour(s, "n001.nic2", [](Disturbances& d) {
    d.nics = {{"n001.nic2", {0, {}, kForever}}};
  });
}

// With even spreading, less capacity is never faster; fidelity port within what its closed form
// is off by.
TEST(WhatIfNetworks, SlowerLinksOfAFatTreeTakeLonger) {
  for (const Fidelity fidelity : kFidelities) {
    Scenario s = OnFatTree();
    s.cluster.paths = PathSelection::kAdaptive;
    s.workload.tokens_per_device = 1024;
    s.fidelity = fidelity;
    const double base = Measure(s, "nic").time;
    s.disturbances.links = {{"edge_aggregation", {0.25, {}, kForever}}};
    EXPECT_GT(Measure(s, "nic").time, base) << ToString(fidelity);
  }
}

// Only one tier costs: the joules are its bytes times that.
TEST(WhatIfNetworks, EveryTierHasItsEnergy) {
  struct Case {
    Scenario scenario;
    std::vector<LinkTier> tiers;
  };
  const std::vector<Case> cases = {
      {OnFatTree(), {LinkTier::kEdgeAggregation, LinkTier::kAggregationCore, LinkTier::kNic}},
      {OnTorus(), {LinkTier::kTorus}},
      {OnDragonfly(), {LinkTier::kLocal, LinkTier::kGlobal}},
  };
  constexpr JoulesPerByte kCost{8 * 10e-12};
  for (const Case& c : cases) {
    for (const LinkTier tier : c.tiers) {
      Scenario s = c.scenario;
      s.cluster.device.idle_power = 100_W;
      s.cluster.device.busy_power = 500_W;
      s.cluster.energy.links[static_cast<std::size_t>(tier)] = kCost;
      s.fidelity = Fidelity::kFlow;
      const std::string name(ToString(tier));
      const Outcome step = Measure(s, name);
      EXPECT_GT(step.on_links, 0) << name;
      EXPECT_NEAR(step.links_j, step.on_links * kCost.value, 1e-9 * step.links_j)
          << name << ": bytes at 10 pJ/bit";
    }
  }
}

}  // namespace
}  // namespace switchyard::testing
