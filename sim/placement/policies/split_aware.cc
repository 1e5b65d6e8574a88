#include "sim/placement/policies/policies.h"
#include "sim/placement/windows/window_search.h"

namespace switchyard {
namespace {

// HEAD
constexpr double kVariation = 0.15;
constexpr WindowSearchEffort kEffort{10};

class SplitAware : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "split_aware"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const Placement start = MakePlacementPolicy(PlacementKind::kBalanced)->Place(problem);
    const Scenarios scenarios(problem.loads, problem.shape.ranks, kVariation, problem.seed);
    SplitScore score(problem.shape, scenarios);
    return SearchWindows(problem, start, score, kEffort);
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeSplitAwarePlacement() {
  return std::make_unique<SplitAware>();
}

}  // namespace switchyard
