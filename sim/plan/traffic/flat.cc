// Flat all-to-all-v, as NCCL send/recv does it: one copy of the token for each of its choices.
#include "sim/plan/traffic/forms.h"

namespace switchyard {
namespace {

class Flat : public TrafficForm {
 public:
  [[nodiscard]] std::string_view name() const override { return "flat"; }

  [[nodiscard]] std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                          const Placement& placement,
                                          const RankLayout& layout) const override {
    PairCounter pairs(layout.ranks);
    std::size_t choice = 0;
    for (std::uint32_t t = 0; t < routes.tokens; ++t) {
      const std::uint32_t from = t / layout.tokens_per_rank;
      for (const ExpertIndex e : routes.ChoicesOf(t)) {
        if (kept[choice++] != 0) pairs.Add(from, placement.rank_of_expert[e]);
      }
    }
    std::vector<Copies> copies;
    pairs.AppendTo(0, copies);
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeFlatForm() { return std::make_unique<Flat>(); }

}  // namespace switchyard
