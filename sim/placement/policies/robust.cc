// Robust: the mean over scenarios of the most loaded rank, tokens divided evenly over replicas.
// From water-filled replica counts, packed by the total load, moves at random that make that mean
// no worse (windows/window_search.h); balanced's or EPLB's placement where that has the lower mean.
#include <limits>
#include <utility>

#include "sim/placement/policies/policies.h"
#include "sim/placement/rules.h"
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
    Placement best = SearchWindows(problem, start, score, kEffort);
    // The search moves one replica or two at a time; at few slots a rank the counts of others may
    // be better by more than that.
    if (problem.current == nullptr || !problem.rules.max_moves) {
      for (const PlacementKind kind : {PlacementKind::kBalanced, PlacementKind::kEplb}) {
        Take(MakePlacementPolicy(kind)->Place(problem), problem, score, best);
      }
    }
    return best;
  }

 private:
  static void Take(Placement other, const PlacementProblem& problem, PlacementScore& score,
                   Placement& best) {
    const bool broken = !BrokenRule(other, problem.shape, problem.rules, nullptr).empty();
    if (broken || WastedSlots(other) > 0) return;
    constexpr double kNoLimit = std::numeric_limits<double>::infinity();
    const double now = score.Of(best.expert_of_slot(), kNoLimit);
    if (score.Of(other.expert_of_slot(), kNoLimit) < now) best = std::move(other);
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeRobustPlacement() { return std::make_unique<Robust>(); }

}  // namespace switchyard
