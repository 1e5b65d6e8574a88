#include "sim/routing/capacity/token_groups.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {

std::vector<TokenGroup> TokenGroups(CapacityGroup group, std::uint32_t tokens,
                                    std::uint32_t tokens_per_rank) {
  if (group == CapacityGroup::kGlobal) return {{0, tokens, tokens}};
  SWITCHYARD_CHECK(tokens_per_rank > 0 || tokens == 0, "every sender has tokens");
  std::vector<TokenGroup> groups;
  for (std::uint32_t first = 0; first < tokens;) {
    const std::uint32_t last = first + std::min(tokens_per_rank, tokens - first);
    groups.push_back({first, last, tokens_per_rank});
    first = last;
  }
  return groups;
}

}  // namespace switchyard
