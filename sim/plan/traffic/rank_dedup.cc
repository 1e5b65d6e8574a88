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
    std::vector<Copies> copies;
    SenderRow row(layout.ranks);
    SlotTable table(placement);
    SeenSet seen(layout.ranks);
    for (std::uint32_t from = 0; from < layout.ranks; ++from) {
      table.SelectSender(from);
      const std::uint16_t* const rank_of = table.ranks().data();
      VisitTokensOf(from, routes, kept, layout,
                    [&](const ExpertIndex* expert, const std::uint8_t* is_kept) {
                      seen.Clear();
                      for (std::uint32_t j = 0; j < routes.top_k; ++j) {
                        if (is_kept[j] == 0) continue;
                        const std::uint32_t to = rank_of[expert[j]];
                        row.Add(to, seen.Insert(to) ? 1 : 0);
                      }
                    });
      row.AppendTo(from, copies);
    }
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeRankDedupForm() { return std::make_unique<RankDedup>(); }

}  // namespace switchyard
