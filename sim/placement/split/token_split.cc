#include "sim/placement/split/token_split.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {

TokenSplitter::TokenSplitter(const Placement& placement)
    : placement_(placement), served_(placement.num_slots()) {
  flow_.Reset(placement);
}

void TokenSplitter::Split(std::span<const std::int64_t> counts, TokenSplit split) {
  SWITCHYARD_CHECK(counts.size() == placement_.num_experts(), "one count for each expert");
  SWITCHYARD_CHECK(split != TokenSplit::kLocalFirst, "local first needs the senders of tokens");
  if (split == TokenSplit::kUniform) {
    SplitUniformly(counts);
    return;
  }
  flow_.Solve(counts);
  std::copy(flow_.served().begin(), flow_.served().end(), served_.begin());
}

void TokenSplitter::SplitUniformly(std::span<const std::int64_t> counts) {
  for (std::uint32_t e = 0; e < counts.size(); ++e) {
    const std::span<const std::uint32_t> slots = placement_.SlotsOf(e);
    const auto replicas = static_cast<std::int64_t>(slots.size());
    const std::int64_t rest = counts[e] % replicas;
    for (std::int64_t i = 0; i < replicas; ++i) {
      const std::int64_t turn = (i + replicas - e % replicas) % replicas;
      served_[slots[static_cast<std::size_t>(i)]] = counts[e] / replicas + (turn < rest ? 1 : 0);
    }
  }
}

std::vector<std::int64_t> SplitTokens(const Placement& placement,
                                      std::span<const std::int64_t> counts, TokenSplit split) {
  TokenSplitter splitter(placement);
  splitter.Split(counts, split);
  return {splitter.served().begin(), splitter.served().end()};
}

}  // namespace switchyard
