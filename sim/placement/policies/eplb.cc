// DeepSeek's EPLB on the total load, global and hierarchical (balance/eplb.h).
#include "sim/placement/balance/eplb.h"

#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

class Eplb : public PlacementPolicy {
 public:
  Eplb(std::string_view name, EplbMode mode) : name_(name), mode_(mode) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    return EplbPlacement(problem.shape, problem.loads.Total(), mode_);
  }

 private:
  std::string_view name_;
  EplbMode mode_;
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeEplbPlacement() {
  return std::make_unique<Eplb>("eplb", EplbMode::kGlobal);
}
std::unique_ptr<PlacementPolicy> MakeEplbHierarchicalPlacement() {
  return std::make_unique<Eplb>("eplb_hierarchical", EplbMode::kHierarchical);
}

}  // namespace switchyard
