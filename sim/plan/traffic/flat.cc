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
    std::vector<Copies> copies;
    SenderRow row(layout.ranks);
    SlotTable table(placement);
    for (std::uint32_t from = 0; from < layout.ranks; ++from) {
      table.SelectSender(from);
      const std::uint16_t* const rank_of = table.ranks().data();
      VisitTokensOf(from, routes, kept, layout,
                    [&](const ExpertIndex* expert, const std::uint8_t* is_kept) {
                      for (std::uint32_t j = 0; j < routes.top_k; ++j) {
                        if (is_kept[j] != 0) row.Add(rank_of[expert[j]], 1);
                      }
                    });
      row.AppendTo(from, copies);
    }
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeFlatForm() { return std::make_unique<Flat>(); }

}  // namespace switchyard
