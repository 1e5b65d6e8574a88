#include <array>

#include "sim/engine/executors.h"
#include "sim/engine/flow/flow_network.h"

namespace switchyard {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Executor> (*make)();
};
constexpr std::array<Entry, 3> kExecutors = {{
    {"flow", [] { return MakeFlowExecutor(kDefaultFlowEpsilon); }},
    {"pairwise", MakePairwiseExecutor},
    {"port", MakePortExecutor},
}};

}  // namespace

std::unique_ptr<Executor> MakeExecutor(std::string_view fidelity) {
  for (const Entry& entry : kExecutors) {
    if (entry.name == fidelity) return entry.make();
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
