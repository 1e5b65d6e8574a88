// Every capacity rule, one line each.
#include "sim/base/check.h"
#include "sim/routing/capacity/rules.h"

namespace switchyard {
namespace {

struct Entry {
  CapacityRuleKind kind;
  std::unique_ptr<CapacityRule> (*make)(const CapacitySpec&);
};

constexpr Entry kRules[] = {
    {CapacityRuleKind::kDropless, MakeDroplessRule},
    {CapacityRuleKind::kPosition, MakePositionRule},
    {CapacityRuleKind::kProbability, MakeProbabilityRule},
    {CapacityRuleKind::kSenderDestination, MakeSenderDestinationRule},
};

}  // namespace

std::uint64_t ExpertCapacity(Rational factor, std::uint64_t tokens, std::uint32_t top_k,
                             std::uint32_t num_experts) {
  SWITCHYARD_CHECK(num_experts > 0, "capacity is shared among experts");
  return CeilMulDiv(factor, tokens * top_k, num_experts);
}

std::unique_ptr<CapacityRule> MakeCapacityRule(const CapacitySpec& spec) {
  for (const Entry& entry : kRules) {
    if (entry.kind == spec.rule) return entry.make(spec);
  }
  SWITCHYARD_CHECK(false, "every CapacityRuleKind is in the table");
  return nullptr;
}

}  // namespace switchyard
