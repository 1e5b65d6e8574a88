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

  void Add(std::uint32_t relay, std::uint32_t place, std::uint32_t copies) {
    counts_[std::size_t{relay} * per_node_ + place] += copies;
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

// Where an expert's slot is, without dividing.
struct Destination {
  std::uint16_t rank;
  std::uint16_t node;
  std::uint16_t place;  // in the node
};

// Of every expert, for one sender after the other.
class DestinationTable {
 public:
  DestinationTable(const Placement& placement, const RankLayout& layout)
      : slots_(placement), unique_(placement.unique()), per_node_(layout.ranks_per_node) {
    Fill();
  }
  const Destination* For(std::uint32_t sender) {
    if (unique_) return destinations_.data();
    slots_.SelectSender(sender);
    Fill();
    return destinations_.data();
  }

 private:
  void Fill() {
    destinations_.clear();
    for (const std::uint16_t rank : slots_.ranks()) {
      destinations_.push_back({rank, static_cast<std::uint16_t>(rank / per_node_),
                               static_cast<std::uint16_t>(rank % per_node_)});
    }
  }
  SlotTable slots_;
  bool unique_;
  std::uint32_t per_node_;
  std::vector<Destination> destinations_;
};

// Counts token by token, sender by sender.
class TokenCounter {
 public:
  // Where each rank holds one expert, a token's ranks are as distinct as its experts.
  TokenCounter(const RankLayout& layout, std::uint32_t top_k, bool distinct)
      : layout_(layout),
        top_k_(top_k),
        distinct_(distinct),
        row_(layout.ranks),
        forwarded_(layout),
        ranks_(layout.ranks),
        nodes_(layout.ranks / layout.ranks_per_node + 1) {}

  void Begin(std::uint32_t from, const Destination* destination_of) {
    node_ = from / layout_.ranks_per_node;
    place_ = from % layout_.ranks_per_node;
    destination_of_ = destination_of;
  }
  void Count(const ExpertIndex* expert, const std::uint8_t* is_kept) {
    ranks_.Clear();
    nodes_.Clear();
    for (std::uint32_t j = 0; j < top_k_; ++j) {
      if (is_kept[j] != 0) CountCopy(destination_of_[expert[j]]);
    }
  }
  SenderRow& row() { return row_; }
  [[nodiscard]] const ForwardedCounts& forwarded() const { return forwarded_; }

 private:
  void CountCopy(const Destination& to) {
    // Sums of conditions: as branches they would be mispredicted half the time.
    const std::uint32_t is_new = distinct_ || ranks_.Insert(to.rank) ? 1 : 0;
    if (to.node == node_) return row_.Add(to.rank, is_new);
    // A rank that is not new is on a node that is not new either.
    const std::uint32_t relay = to.rank - to.place + place_;
    row_.Add(relay, nodes_.Insert(to.node) ? 1 : 0);
    forwarded_.Add(relay, to.place, to.place != place_ ? is_new : 0);
  }

  const RankLayout layout_;
  const std::uint32_t top_k_;
  const bool distinct_;
  SenderRow row_;
  ForwardedCounts forwarded_;
  SeenSet ranks_;
  SeenSet nodes_;
  std::uint32_t node_ = 0;   // of the sender
  std::uint32_t place_ = 0;  // in it
  const Destination* destination_of_ = nullptr;
};

class NodeDedup : public TrafficForm {
 public:
  [[nodiscard]] std::string_view name() const override { return "node_dedup"; }

  [[nodiscard]] std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                          const Placement& placement,
                                          const RankLayout& layout) const override {
    std::vector<Copies> copies;
    DestinationTable table(placement, layout);
    TokenCounter counter(layout, routes.top_k, placement.slots_per_rank() == 1);
    for (std::uint32_t from = 0; from < layout.ranks; ++from) {
      counter.Begin(from, table.For(from));
      VisitTokensOf(from, routes, kept, layout,
                    [&counter](const ExpertIndex* expert, const std::uint8_t* is_kept) {
                      counter.Count(expert, is_kept);
                    });
      counter.row().AppendTo(from, copies);
    }
    counter.forwarded().AppendTo(copies);
    return copies;
  }
};

}  // namespace

std::unique_ptr<TrafficForm> MakeNodeDedupForm() { return std::make_unique<NodeDedup>(); }

}  // namespace switchyard
