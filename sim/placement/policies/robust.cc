// Robust: the mean over scenarios of the most loaded rank, tokens divided evenly over replicas.
// From water-filled replica counts, packed by the total load, moves at random that make that mean
// no worse (windows/window_search.h).
#include "sim/placement/policies/policies.h"
#include "sim/placement/windows/window_search.h"

namespace switchyard {
namespace {

// Half of the requests differ from the other half by 0.02 to 0.05 in recorded traces (DeepSeek-V2-
// Lite, GPT-OSS-20B): what the same mix of traffic brings.
constexpr double kVariation = 0.05;
constexpr WindowSearchEffort kEffort{60};

class Robust : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "robust"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const Placement start = PackedStart(problem);
    const Scenarios scenarios(problem.loads, problem.shape.ranks, kVariation, problem.seed);
    EvenScore score(problem.shape, scenarios);
    return SearchWindows(problem, start, score, kEffort);
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeRobustPlacement() { return std::make_unique<Robust>(); }

}  // namespace switchyard
