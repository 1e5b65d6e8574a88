// Split aware: for servers that divide each batch's tokens over replicas by an LP (LPLB, SGLang's
// dispatch "lp"). What counts is the mean over scenarios of the LP's least (split/replica_flow.h),
// which replicas in the right places lower: experts shared between ranks that are loaded at
// different times. Under an even split such a placement is worse than a robust one.
#include "sim/placement/policies/policies.h"
#include "sim/placement/windows/window_search.h"

namespace switchyard {
namespace {

// The split makes small differences harmless; prepared for are larger ones, between the 0.05 of the
// same mix of traffic and the 0.3 to 0.5 of another domain in recorded traces.
constexpr double kVariation = 0.15;
constexpr WindowSearchEffort kEffort{10};

class SplitAware : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "split_aware"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const Placement start = PackedStart(problem);
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
