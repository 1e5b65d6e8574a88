// One copy of a token for each rank that holds any of its experts (DeepEP intranode and low-latency
// layouts, pplx).
#include "sim/plan/traffic/forms.h"

namespace switchyard {
namespace {

class RankDedup : public TrafficForm {
 public:
  [[nodiscard]] std::string_view name() const override { return "rank_dedup"; }

  [[nodiscard]] std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                          const Placement& placement,
                                          const RankLayout& layout) const override {
    PairCounter pairs(layout.ranks);
    SeenSet seen(layout.ranks);
    std::size_t choice = 0;
    for (std::uint32_t t = 0; t < routes.tokens; ++t) {
      const std::uint32_t from = t / layout.tokens_per_rank;
      seen.Clear();
      for (const ExpertIndex e : routes.ChoicesOf(t)) {
        if (kept[choice++] == 0) continue;
        const std::uint32_t to = placement.rank_of_expert[e];
        if (seen.Insert(to)) pairs.Add(from, to);
      }
    }
    std::vector<Copies> copies;
    pairs.AppendTo(0, copies);
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeRankDedupForm() { return std::make_unique<RankDedup>(); }

}  // namespace switchyard
