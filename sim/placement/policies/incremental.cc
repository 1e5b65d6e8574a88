// Incremental: from the current placement step by step what pays most for the slots that it
// rewrites (windows/stepwise.h), for the mean over scenarios of the most loaded rank.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/placement/policies/policies.h"
#include "sim/placement/windows/stepwise.h"

namespace switchyard {
namespace {

// As policy robust.
constexpr double kVariation = 0.05;
// A slot is rewritten when that lowers the score by this much (of the mean rank load) over all
// slots, no less: rewriting a tenth of the slots has to pay 0.016. On windows of the ESFT traces
// (DeepSeek-V2-Lite, 16 ranks, 80 slots) calm traffic then moves about a tenth of the slots.
constexpr double kMinGain = 0.16;
// At most this share of slots, when the rules do not say: after a change of traffic as well.
constexpr std::uint32_t kSlotsPerMove = 5;

class Incremental : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "incremental"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    SWITCHYARD_CHECK(problem.current != nullptr, "incremental placement begins somewhere");
    const Scenarios scenarios(problem.loads, problem.shape.ranks, kVariation, problem.seed);
    MoveScore score(problem.shape, scenarios);
    const std::uint32_t fifth = std::max(1U, problem.shape.slots() / kSlotsPerMove);
    return ImproveStepwise(
        problem, score,
        {problem.rules.max_moves.value_or(fifth), kMinGain / problem.shape.slots()});
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeIncrementalPlacement() {
  return std::make_unique<Incremental>();
}

}  // namespace switchyard
