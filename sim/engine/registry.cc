#include <array>

#include "sim/engine/executors.h"

namespace switchyard {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Executor> (*make)(double tolerance);
};
constexpr std::array<Entry, 3> kExecutors = {{
    {"flow", MakeFlowExecutor},
    {"pairwise", [](double) { return MakePairwiseExecutor(); }},
    {"port", [](double) { return MakePortExecutor(); }},
}};

}  // namespace

std::unique_ptr<Executor> MakeExecutor(std::string_view fidelity, double tolerance) {
  for (const Entry& entry : kExecutors) {
    if (entry.name == fidelity) return entry.make(tolerance);
  }
  return nullptr;
}

std::vector<std::string> ExecutorNames() {
  std::vector<std::string> names;
  names.reserve(kExecutors.size());
  for (const Entry& entry : kExecutors) names.emplace_back(entry.name);
  return names;
}

}  // namespace switchyard
