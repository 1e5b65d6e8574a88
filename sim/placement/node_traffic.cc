// Which nodes the tokens of a batch visit, choice by choice: the unit of cost is a copy per token
// and node (DeepEP sends one over the network, then forwards it inside the node).
#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

class TrafficCount {
 public:
  TrafficCount(const Placement& placement, const PlacementShape& shape)
      : placement_(placement),
        shape_(shape),
        seen_by_(shape.nodes(), kNoToken),
        choices_of_node_(shape.nodes()) {}

  void Add(std::uint32_t token, std::uint32_t sender, std::span<const ExpertIndex> choices) {
    sender_node_ = shape_.NodeOfRank(sender);
    later_.clear();
    for (const ExpertIndex e : choices) {
      if (e == kNoExpert) continue;
      const std::span<const std::uint32_t> slots = placement_.SlotsOf(e);
      if (slots.size() > 1) {
        later_.push_back(e);
      } else {
        Visit(token, NodeOf(slots.front()));
      }
    }
    for (const ExpertIndex e : later_) Visit(token, NodeForReplicated(token, sender, e));
  }

  [[nodiscard]] NodeTraffic Result(std::uint32_t tokens) const {
    NodeTraffic traffic;
    if (tokens == 0) return traffic;
    traffic.nodes_per_token = static_cast<double>(visits_) / tokens;
    traffic.remote_copies_per_token = static_cast<double>(remote_visits_) / tokens;
    double total = 0;
    double max = 0;
    for (const std::uint64_t choices : choices_of_node_) {
      total += static_cast<double>(choices);
      max = std::max(max, static_cast<double>(choices));
    }
    if (max > 0) traffic.node_balancedness = total / shape_.nodes() / max;
    return traffic;
  }

 private:
  static constexpr std::uint32_t kNoToken = 0xffffffff;

  [[nodiscard]] std::uint32_t NodeOf(std::uint32_t slot) const {
    return shape_.NodeOfRank(placement_.RankOf(slot));
  }

  // The sender's own node costs no copy; a node that is visited anyway costs no further one.
  [[nodiscard]] std::uint32_t NodeForReplicated(std::uint32_t token, std::uint32_t sender,
                                                ExpertIndex expert) const {
    std::uint32_t visited = kNoToken;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      const std::uint32_t node = NodeOf(slot);
      if (node == sender_node_) return node;
      if (visited == kNoToken && seen_by_[node] == token) visited = node;
    }
    return visited != kNoToken ? visited : NodeOf(placement_.SlotFor(expert, sender));
  }

  void Visit(std::uint32_t token, std::uint32_t node) {
    ++choices_of_node_[node];
    if (seen_by_[node] == token) return;
    seen_by_[node] = token;
    ++visits_;
    remote_visits_ += node != sender_node_ ? 1 : 0;
  }

  const Placement& placement_;
  const PlacementShape& shape_;
  std::uint32_t sender_node_ = 0;
  std::vector<std::uint32_t> seen_by_;  // [nodes] the last token that visited it
  std::vector<std::uint64_t> choices_of_node_;
  std::vector<ExpertIndex> later_;
  std::uint64_t visits_ = 0;
  std::uint64_t remote_visits_ = 0;
};

}  // namespace

NodeTraffic CountNodeTraffic(const Placement& placement, const PlacementShape& shape,
                             const LayerRoutes& routes) {
  SWITCHYARD_CHECK(placement.ranks() == shape.ranks && routes.num_experts <= shape.experts,
                   "placement, shape and routes are of one layer");
  TrafficCount count(placement, shape);
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    const auto sender = static_cast<std::uint32_t>(std::uint64_t{t} * shape.ranks / routes.tokens);
    count.Add(t, sender, routes.ChoicesOf(t));
  }
  return count.Result(routes.tokens);
}

NodeTraffic CountNodeTraffic(const Placement& placement, const PlacementShape& shape,
                             const LayerRoutes& routes, TokenSplit split) {
  if (placement.unique()) return CountNodeTraffic(placement, shape, routes);
  // Every slot an expert of its own: there is nothing left to choose.
  LayerRoutes slots = routes;
  slots.num_experts = placement.num_slots();
  const std::vector<std::uint32_t> chosen = RouteTokens(placement, shape, routes, split);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    slots.expert[i] = chosen[i] == kNoSlot ? kNoExpert : static_cast<ExpertIndex>(chosen[i]);
  }
  std::vector<ExpertIndex> each(placement.num_slots());
  std::iota(each.begin(), each.end(), ExpertIndex{0});
  PlacementShape all = shape;
  all.experts = placement.num_slots();
  return CountNodeTraffic(Placement(shape.ranks, shape.slots_per_rank, all.experts, each), all,
                          slots);
}

}  // namespace switchyard
