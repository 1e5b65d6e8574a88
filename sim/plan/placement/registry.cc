#include <array>
#include <string>

#include "sim/base/check.h"
#include "sim/plan/placement/policies.h"

namespace switchyard {
namespace {

struct Entry {
  PlacementKind kind;
  std::unique_ptr<PlacementPolicy> (*make)();
};
constexpr std::array<Entry, 1> kPolicies = {{
    {PlacementKind::kLinear, MakeLinearPlacement},
}};

}  // namespace

std::unique_ptr<PlacementPolicy> MakePlacementPolicy(PlacementKind kind) {
  for (const Entry& entry : kPolicies) {
    if (entry.kind == kind) return entry.make();
  }
  SWITCHYARD_CHECK(false, "a placement policy without an implementation");
  return nullptr;
}

Diagnostics Verify(const Placement& placement, std::uint32_t num_experts) {
  Diagnostics problems;
  const auto complain = [&](std::string what) { problems.push_back(Problem(std::move(what))); };
  if (placement.rank_of_expert.size() != num_experts ||
      placement.slot_of_expert.size() != num_experts) {
    complain("the placement covers " + std::to_string(placement.rank_of_expert.size()) + " of " +
             std::to_string(num_experts) + " experts");
    return problems;
  }
  std::vector<std::uint8_t> taken(std::size_t{placement.ranks} * placement.slots_per_rank);
  for (std::uint32_t e = 0; e < num_experts; ++e) {
    const std::uint32_t rank = placement.rank_of_expert[e];
    const std::uint32_t slot = placement.slot_of_expert[e];
    if (rank >= placement.ranks || slot >= placement.slots_per_rank) {
      complain("expert " + std::to_string(e) + " is placed on a rank or slot that does not exist");
    } else if (taken[std::size_t{rank} * placement.slots_per_rank + slot]++ != 0) {
      complain("expert " + std::to_string(e) + " shares its slot with another");
    }
  }
  return problems;
}

}  // namespace switchyard
