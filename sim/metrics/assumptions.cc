#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

std::string Percent(double fraction) {
  return std::to_string(static_cast<int>(std::lround(100 * fraction))) + " %";
}

std::string RoutingSource(const RoutingSpec& routing) {
  struct Name {
    std::string operator()(const TraceRouting& t) const {
      // Without its folder: the same result on every machine.
      std::string text = "replayed from " + std::filesystem::path(t.path).filename().string();
      if (t.layers == TraceLayers::kStretch) text += ", its layers spread over the model's";
      if (t.tokens == TraceTokens::kShuffled) text += ", tokens shuffled";
      return text;
    }
    std::string operator()(const FittedRouting&) const {
      return "a generator fitted to real traces, not a recording of this model";
    }
    std::string operator()(const UniformRouting&) const { return "uniform choices"; }
    std::string operator()(const ZipfRouting&) const { return "Zipf-distributed choices"; }
    std::string operator()(const LogNormalRouting&) const { return "log-normal choices"; }
  };
  return "routing: " + std::visit(Name{}, routing);
}

std::string NetworkAssumption(const Scenario& scenario) {
  const std::string shares = scenario.fidelity == Fidelity::kPort
                                 ? "network: closed form, each link by itself"
                                 : "network: max-min fair shares";
  return shares + ", receivers always ready; no congestion control";
}

// What the joules do not say.
std::string EnergyAssumption(const ClusterSpec& cluster) {
  if (!cluster.device.idle_power || !cluster.device.busy_power) return {};
  const auto& links = cluster.energy.links;
  const bool any_link = std::any_of(links.begin(), links.end(), [](const auto& l) { return !!l; });
  std::string text = "energy: GPUs";
  if (any_link) text += ", links";
  if (cluster.energy.switch_power) text += ", switches";
  return text + (cluster.device.comm_power ? "" : " (communication at idle power)") +
         "; without hosts and cooling" + (any_link ? "" : ", links not counted");
}

}  // namespace

std::vector<std::string> Assumptions(const Scenario& scenario) {
  const Efficiencies& e = scenario.compute;
  std::vector<std::string> assumptions = DescribeDisturbances(scenario.disturbances);
  if (scenario.model.moe) assumptions.push_back(RoutingSource(scenario.routing));
  assumptions.push_back("compute: uncalibrated roofline, " + Percent(e.gemm) + " of GEMM peak, " +
                        Percent(e.attention) + " for attention, " + Percent(e.memory) +
                        " of memory");
  assumptions.push_back(NetworkAssumption(scenario));
  assumptions.push_back("left out: sampling, embedding, host, slow-down of compute by transfers");
  const std::string energy = EnergyAssumption(scenario.cluster);
  if (!energy.empty()) assumptions.push_back(energy);
  return assumptions;
}

}  // namespace switchyard
