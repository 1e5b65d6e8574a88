#include "sim/placement/balance/eplb.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <utility>

namespace switchyard {
namespace {

// Items to bins of equal numbers, heaviest first, each to the lightest bin with room. Returns, bin
// by bin and in the order of arrival, the item in each place. With one item a bin, item i stays in
// bin i, as published.
std::vector<std::uint32_t> PackHeaviestFirst(std::span<const float> weights, std::uint32_t bins) {
  const auto items = static_cast<std::uint32_t>(weights.size());
  std::vector<std::uint32_t> order(items);
  std::iota(order.begin(), order.end(), 0u);
  const std::uint32_t room = items / bins;
  if (room == 1) return order;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return weights[a] > weights[b]; });
  using Bin = std::pair<float, std::uint32_t>;  // the lightest first, of equals the lowest
  std::priority_queue<Bin, std::vector<Bin>, std::greater<>> lightest;
  for (std::uint32_t b = 0; b < bins; ++b) lightest.emplace(0.0f, b);
  std::vector<std::uint32_t> filled(bins);
  std::vector<std::uint32_t> item_of_place(items);
  for (const std::uint32_t item : order) {
    const auto [weight, bin] = lightest.top();
    lightest.pop();
    item_of_place[bin * room + filled[bin]] = item;
    if (++filled[bin] < room) lightest.emplace(weight + weights[item], bin);
  }
  return item_of_place;
}

// Experts in the order of the nodes: the groups of node 0, then those of node 1, ...
std::vector<std::uint32_t> ExpertsByNode(std::span<const float> loads, std::uint32_t groups,
                                         std::uint32_t nodes) {
  const auto group_size = static_cast<std::uint32_t>(loads.size()) / groups;
  std::vector<float> group_loads(groups);
  for (std::uint32_t e = 0; e < loads.size(); ++e) group_loads[e / group_size] += loads[e];
  std::vector<std::uint32_t> experts;
  experts.reserve(loads.size());
  for (const std::uint32_t group : PackHeaviestFirst(group_loads, nodes)) {
    for (std::uint32_t i = 0; i < group_size; ++i) experts.push_back(group * group_size + i);
  }
  return experts;
}

// Steps 2 and 3 for the experts of one node: the expert of each of the node's slots is appended.
void FillNode(std::span<const float> loads, std::span<const std::uint32_t> experts,
              const PlacementShape& node, std::vector<ExpertIndex>& expert_of_slot) {
  std::vector<float> own_loads;
  own_loads.reserve(experts.size());
  for (const std::uint32_t e : experts) own_loads.push_back(loads[e]);
  const std::vector<std::uint32_t> replicas = EplbReplicas(own_loads, node.slots());
  const std::vector<float> weights = ReplicaLoads(own_loads, replicas);
  for (const std::uint32_t replica : PackHeaviestFirst(weights, node.ranks)) {
    expert_of_slot.push_back(static_cast<ExpertIndex>(experts[replicas[replica]]));
  }
}

bool Divides(const PlacementShape& shape) {
  const std::uint32_t nodes = shape.nodes();
  return shape.expert_groups > 0 && shape.expert_groups % nodes == 0 &&
         shape.experts % shape.expert_groups == 0 && shape.ranks % nodes == 0 &&
         shape.ranks_per_node * nodes == shape.ranks;
}

}  // namespace

std::vector<std::uint32_t> EplbReplicas(std::span<const float> loads, std::uint32_t slots) {
  const auto experts = static_cast<std::uint32_t>(loads.size());
  std::vector<std::uint32_t> expert_of_replica(slots);
  std::iota(expert_of_replica.begin(), expert_of_replica.begin() + experts, 0u);
  std::vector<std::uint32_t> count(experts, 1);
  using Candidate = std::pair<float, std::uint32_t>;  // load per replica, expert
  const auto later = [](const Candidate& a, const Candidate& b) {
    return a.first != b.first ? a.first < b.first : a.second > b.second;
  };
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(later)> heaviest(later);
  for (std::uint32_t e = 0; e < experts; ++e) heaviest.emplace(loads[e], e);
  for (std::uint32_t replica = experts; replica < slots; ++replica) {
    const std::uint32_t e = heaviest.top().second;
    heaviest.pop();
    expert_of_replica[replica] = e;
    heaviest.emplace(loads[e] / static_cast<float>(++count[e]), e);
  }
  return expert_of_replica;
}

std::vector<float> ReplicaLoads(std::span<const float> loads,
                                std::span<const std::uint32_t> expert_of_replica) {
  std::vector<std::uint32_t> count(loads.size());
  for (const std::uint32_t e : expert_of_replica) ++count[e];
  std::vector<float> of_replica;
  of_replica.reserve(expert_of_replica.size());
  for (const std::uint32_t e : expert_of_replica) {
    of_replica.push_back(loads[e] / static_cast<float>(count[e]));
  }
  return of_replica;
}

Placement EplbPlacement(const PlacementShape& shape, std::span<const double> loads, EplbMode mode) {
  std::vector<float> weights;
  weights.reserve(loads.size());
  for (const double load : loads) weights.push_back(static_cast<float>(load));
  const bool hierarchical = mode == EplbMode::kHierarchical && Divides(shape);
  const std::uint32_t nodes = hierarchical ? shape.nodes() : 1;
  const std::uint32_t groups = hierarchical ? shape.expert_groups : 1;
  PlacementShape node = shape;
  node.experts /= nodes;
  node.ranks /= nodes;
  const std::vector<std::uint32_t> experts = ExpertsByNode(weights, groups, nodes);
  std::vector<ExpertIndex> expert_of_slot;
  expert_of_slot.reserve(shape.slots());
  for (std::uint32_t n = 0; n < nodes; ++n) {
    FillNode(weights, std::span(experts).subspan(n * node.experts, node.experts), node,
             expert_of_slot);
  }
  return {shape.ranks, shape.slots_per_rank, shape.experts, std::move(expert_of_slot)};
}

}  // namespace switchyard
