// Nothing is dropped: every buffer is as large as its load (MegaBlocks, arXiv 2211.15841; vLLM,
// SGLang and TensorRT-LLM serve this way).
#include <algorithm>

#include "sim/routing/capacity/rules.h"

namespace switchyard {
namespace {

class DroplessRule final : public CapacityRule {
 public:
  [[nodiscard]] std::string_view name() const override { return "dropless"; }
  [[nodiscard]] KeptMask Keep(const LayerRoutes& routes, const CapacityContext&) const override {
    if (std::find(routes.expert.begin(), routes.expert.end(), kNoExpert) == routes.expert.end()) {
      return {};
    }
    KeptMask kept(routes.expert.size());
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = routes.expert[i] != kNoExpert;
    return kept;
  }
};

}  // namespace

std::unique_ptr<CapacityRule> MakeDroplessRule(const CapacitySpec&) {
  return std::make_unique<DroplessRule>();
}

}  // namespace switchyard
