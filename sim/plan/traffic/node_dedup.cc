// Two hops, as DeepEP's internode kernels and DeepSeek-V3 (arXiv 2412.19437, section 3.2.2) do it:
// one copy of a token to each remote node that holds any of its experts, to the GPU with the
// sender's index there; that GPU forwards one copy over NVLink to each other rank of its node that
// needs the token. Inside the sender's node: one copy to each rank.
#include "sim/plan/traffic/forms.h"

namespace switchyard {
namespace {

class NodeDedup : public TrafficForm {
 public:
  [[nodiscard]] std::string_view name() const override { return "node_dedup"; }

  [[nodiscard]] std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                          const Placement& placement,
                                          const RankLayout& layout) const override {
    PairCounter first(layout.ranks);
    PairCounter forwarded(layout.ranks);
    SeenSet ranks(layout.ranks);
    SeenSet nodes((layout.ranks + layout.ranks_per_node - 1) / layout.ranks_per_node);
    std::size_t choice = 0;
    for (std::uint32_t t = 0; t < routes.tokens; ++t) {
      const std::uint32_t from = t / layout.tokens_per_rank;
      ranks.Clear();
      nodes.Clear();
      for (const ExpertIndex e : routes.ChoicesOf(t)) {
        if (kept[choice++] == 0) continue;
        const std::uint32_t to = placement.rank_of_expert[e];
        if (!ranks.Insert(to)) continue;
        const std::uint32_t node = to / layout.ranks_per_node;
        if (node == from / layout.ranks_per_node) {
          first.Add(from, to);
          continue;
        }
        const std::uint32_t relay = node * layout.ranks_per_node + from % layout.ranks_per_node;
        if (nodes.Insert(node)) first.Add(from, relay);
        if (relay != to) forwarded.Add(relay, to);
      }
    }
    std::vector<Copies> copies;
    first.AppendTo(0, copies);
    forwarded.AppendTo(1, copies);
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeNodeDedupForm() { return std::make_unique<NodeDedup>(); }

}  // namespace switchyard
