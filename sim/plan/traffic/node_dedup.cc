// Two hops, as DeepEP's internode kernels and DeepSeek-V3 (arXiv 2412.19437, section 3.2.2) do it:
// one copy of a token to each remote node that holds any of its experts, to the GPU with the
// sender's index there; that GPU forwards one copy over NVLink to each other rank of its node that
// needs the token. Inside the sender's node: one copy to each rank.
#include "sim/plan/traffic/forms.h"

namespace switchyard {
namespace {

// Copies that relays forward to the ranks of their nodes. What a relay forwards comes from senders
// of many nodes, so all relays are counted at once: ranks x ranks_per_node counts.
class ForwardedCounts {
 public:
  explicit ForwardedCounts(const RankLayout& layout)
      : per_node_(layout.ranks_per_node), counts_(std::size_t{layout.ranks} * per_node_) {}

  void Add(std::uint32_t relay, std::uint32_t place) {
    ++counts_[std::size_t{relay} * per_node_ + place];
  }
  void AppendTo(std::vector<Copies>& out) const {
    for (std::uint32_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] == 0) continue;
      const std::uint32_t relay = i / per_node_;
      const std::uint32_t to = relay - relay % per_node_ + i % per_node_;
      out.push_back(MakeCopies(relay, to, counts_[i], 1));
    }
  }

 private:
  std::uint32_t per_node_;
  std::vector<std::uint32_t> counts_;
};

// Where a rank is, without dividing.
struct Seat {
  std::uint16_t node;
  std::uint16_t place;  // in the node
};

std::vector<Seat> Seats(const RankLayout& layout) {
  std::vector<Seat> seats;
  for (std::uint32_t rank = 0; rank < layout.ranks; ++rank) {
    seats.push_back({static_cast<std::uint16_t>(rank / layout.ranks_per_node),
                     static_cast<std::uint16_t>(rank % layout.ranks_per_node)});
  }
  return seats;
}

class NodeDedup : public TrafficForm {
 public:
  [[nodiscard]] std::string_view name() const override { return "node_dedup"; }

  [[nodiscard]] std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                          const Placement& placement,
                                          const RankLayout& layout) const override {
    std::vector<Copies> copies;
    SenderRow row(layout.ranks);
    ForwardedCounts forwarded(layout);
    SlotTable table(placement);
    const std::vector<Seat> seats = Seats(layout);
    SeenSet ranks(layout.ranks);
    SeenSet nodes(seats.back().node + 1u);
    for (std::uint32_t from = 0; from < layout.ranks; ++from) {
      table.SelectSender(from);
      const std::uint16_t* const rank_of = table.ranks().data();
      const Seat own = seats[from];
      const auto count = [&](const ExpertIndex* expert, const std::uint8_t* is_kept) {
        ranks.Clear();
        nodes.Clear();
        for (std::uint32_t j = 0; j < routes.top_k; ++j) {
          if (is_kept[j] == 0) continue;
          const std::uint32_t to = rank_of[expert[j]];
          if (!ranks.Insert(to)) continue;
          const Seat seat = seats[to];
          if (seat.node == own.node) {
            row.Add(to);
            continue;
          }
          const std::uint32_t relay = to - seat.place + own.place;
          if (nodes.Insert(seat.node)) row.Add(relay);
          if (relay != to) forwarded.Add(relay, seat.place);
        }
      };
      VisitTokensOf(from, routes, kept, layout, count);
      row.AppendTo(from, copies);
    }
    forwarded.AppendTo(copies);
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeNodeDedupForm() { return std::make_unique<NodeDedup>(); }

}  // namespace switchyard
