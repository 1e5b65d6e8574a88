#include <cmath>
#include <string>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

std::string Percent(double fraction) {
  return std::to_string(static_cast<int>(std::lround(100 * fraction))) + " %";
}

std::string RoutingSource(const RoutingSpec& routing) {
  struct Name {
    std::string operator()(const TraceRouting& t) const { return "recorded in " + t.path; }
    std::string operator()(const FittedRouting&) const {
      return "a generator fitted to real traces, not a recording of this model";
    }
    std::string operator()(const UniformRouting&) const { return "uniform choices"; }
    std::string operator()(const ZipfRouting&) const { return "Zipf-distributed choices"; }
    std::string operator()(const LogNormalRouting&) const { return "log-normal choices"; }
  };
  return "routing: " + std::visit(Name{}, routing);
}

}  // namespace

std::vector<std::string> Assumptions(const Scenario& scenario) {
  const Efficiencies& e = scenario.compute;
  return {
      RoutingSource(scenario.routing),
      "compute: uncalibrated roofline, " + Percent(e.gemm) + " of peak in GEMMs, " +
          Percent(e.attention) + " in attention, " + Percent(e.memory) + " of memory",
      "network: max-min fair shares; no congestion control, no interference with compute",
      "not modelled: sampling, embedding lookup, host scheduling",
  };
}

}  // namespace switchyard
