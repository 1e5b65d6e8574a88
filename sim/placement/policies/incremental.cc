#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <cstdlib>

#include "sim/base/check.h"
#include "sim/placement/policies/policies.h"
#include "sim/placement/windows/stepwise.h"

namespace switchyard {
namespace {

class Incremental : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "incremental"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    SWITCHYARD_CHECK(problem.current != nullptr, "incremental placement begins somewhere");
    const Scenarios scenarios(problem.loads, problem.shape.ranks, std::atof(std::getenv("TV")), problem.seed);
    EvenScore score(problem.shape, scenarios);
    return ImproveStepwise(problem, score, {problem.rules.max_moves.value_or(80), std::atof(std::getenv("MG"))});
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeIncrementalPlacement() {
  return std::make_unique<Incremental>();
}

}  // namespace switchyard
