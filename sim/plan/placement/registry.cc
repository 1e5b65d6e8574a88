#include <array>

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

}  // namespace switchyard
