#include "sim/placement/nodes/node_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/rng.h"
#include "sim/placement/nodes/copy_search.h"
#include "sim/placement/nodes/node_search.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;
// Swaps at random that a perturbation begins with.
constexpr int kKicks = 4;

// The nodes' loads and how high each may be.
struct NodeLoads {
  NodeLoads(const PlacementShape& shape, double total) : load(shape.nodes()), cap(shape.nodes()) {
    for (std::uint32_t n = 0; n < shape.nodes(); ++n) {
      cap[n] = (1 + kNodeImbalance) * total * SlotsOfNode(shape, n) / shape.slots();
    }
  }
  // Whether `amount` of load may go from one node to another: below the cap, or no node of the two
  // further above it than one was.
  [[nodiscard]] bool Allows(std::uint32_t from, std::uint32_t to, double amount) const {
    const double limit = std::max({1.0, load[from] / cap[from], load[to] / cap[to]});
    return (load[from] - amount) / cap[from] <= limit && (load[to] + amount) / cap[to] <= limit;
  }
  void Move(std::uint32_t from, std::uint32_t to, double amount) {
    load[from] -= amount;
    load[to] += amount;
  }

  std::vector<double> load, cap;
};

// How many experts each node gets at first: in proportion to its slots, the rest one each.
std::vector<std::uint32_t> FirstCopies(const PlacementShape& shape) {
  std::vector<std::uint32_t> copies(shape.nodes());
  std::uint32_t left = shape.experts;
  for (std::uint32_t n = 0; n < shape.nodes(); ++n) {
    copies[n] = static_cast<std::uint32_t>(std::uint64_t{shape.experts} * SlotsOfNode(shape, n) /
                                           shape.slots());
    left -= copies[n];
  }
  for (std::uint32_t n = 0; left > 0; n = (n + 1) % shape.nodes()) {
    if (copies[n] == SlotsOfNode(shape, n)) continue;
    ++copies[n];
    --left;
  }
  return copies;
}

// Heaviest first, to the node that is least filled and has room.
std::vector<std::uint32_t> PackNodes(const PlacementShape& shape,
                                     const std::vector<double>& expert_load, NodeLoads& nodes) {
  std::vector<std::uint32_t> order(shape.experts);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return expert_load[a] > expert_load[b]; });
  std::vector<std::uint32_t> room = FirstCopies(shape);
  std::vector<std::uint32_t> node_of(shape.experts);
  for (const std::uint32_t e : order) {
    std::uint32_t best = kNone;
    for (std::uint32_t n = 0; n < shape.nodes(); ++n) {
      const bool emptier =
          best == kNone || nodes.load[n] / nodes.cap[n] < nodes.load[best] / nodes.cap[best];
      if (room[n] > 0 && emptier) best = n;
    }
    --room[best];
    node_of[e] = best;
    nodes.load[best] += expert_load[e];
  }
  return node_of;
}

// Swaps of experts between nodes.
class Swaps {
 public:
  Swaps(NodeSearch& search, NodeLoads& nodes, const std::vector<double>& expert_load)
      : search_(search), nodes_(nodes), expert_load_(expert_load), fixed_(expert_load.size()) {}

  void Fix(std::uint32_t expert) { fixed_[expert] = 1; }

  void Descend(const SearchLimits& limits, std::size_t most_swaps) {
    const std::size_t end = most_swaps < kNone ? done_.size() + most_swaps : kNone;
    while (done_.size() < end && !limits.Expired() && BestSwap()) {
    }
  }

  // The pairs of experts that changed places, in order.
  [[nodiscard]] const std::vector<std::pair<std::uint32_t, std::uint32_t>>& done() const {
    return done_;
  }

  void Kick(Rng& rng) {
    const std::size_t experts = expert_load_.size();
    for (int i = 0; i < kKicks; ++i) {
      const auto e = static_cast<std::uint32_t>(rng.Below(experts));
      const auto f = static_cast<std::uint32_t>(rng.Below(experts));
      if (Allowed(e, f)) Swap(e, f);
    }
  }

 private:
  [[nodiscard]] bool Allowed(std::uint32_t e, std::uint32_t f) const {
    const std::uint32_t from = search_.NodeOf(e);
    const std::uint32_t to = search_.NodeOf(f);
    return from != to && nodes_.Allows(from, to, expert_load_[e] - expert_load_[f]);
  }

  void Swap(std::uint32_t e, std::uint32_t f) {
    nodes_.Move(search_.NodeOf(e), search_.NodeOf(f), expert_load_[e] - expert_load_[f]);
    search_.Swap(e, f);
    done_.emplace_back(e, f);
  }

  bool BestSwap() {
    const auto experts = static_cast<std::uint32_t>(expert_load_.size());
    std::int64_t most = 0;
    std::uint32_t best_e = 0;
    std::uint32_t best_f = 0;
    for (std::uint32_t e = 0; e < experts; ++e) {
      for (std::uint32_t f = e + 1; f < experts; ++f) {
        if (search_.NodeOf(e) == search_.NodeOf(f) || fixed_[e] + fixed_[f] > 0) continue;
        const std::int64_t gain = search_.SwapGain(e, f);
        if (gain <= most || !Allowed(e, f)) continue;
        most = gain;
        best_e = e;
        best_f = f;
      }
    }
    if (most > 0) Swap(best_e, best_f);
    return most > 0;
  }

  NodeSearch& search_;
  NodeLoads& nodes_;
  const std::vector<double>& expert_load_;
  std::vector<std::uint8_t> fixed_;  // [experts] stay where they are
  std::vector<std::pair<std::uint32_t, std::uint32_t>> done_;
};

std::vector<double> ExpertLoads(const PlacementProblem& problem) {
  std::vector<double> loads = CountChoices(*problem.routes);
  loads.resize(problem.shape.experts);
  return loads;
}

std::vector<std::uint32_t> SearchNodes(const PlacementProblem& problem) {
  const PlacementShape& shape = problem.shape;
  const std::vector<double> expert_load = ExpertLoads(problem);
  NodeLoads nodes(shape, std::accumulate(expert_load.begin(), expert_load.end(), 0.0));
  std::vector<std::uint32_t> best = PackNodes(shape, expert_load, nodes);
  if (shape.nodes() == 1) return best;
  NodeSearch search(*problem.routes, shape.experts, shape.nodes());
  search.Assign(best);
  Swaps swaps(search, nodes, expert_load);
  swaps.Descend(problem.limits, kNone);
  std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
  Rng rng(problem.seed, Stream("node aware"));
  for (std::uint32_t i = 0;; ++i) {
    if (search.visits() < fewest) {
      fewest = search.visits();
      for (std::uint32_t e = 0; e < shape.experts; ++e) best[e] = search.NodeOf(e);
    }
    if (i == problem.limits.iterations || problem.limits.Expired()) return best;
    swaps.Kick(rng);
    swaps.Descend(problem.limits, kNone);
  }
}

// Further copies into the slots that are left.
class Copies {
 public:
  Copies(const PlacementProblem& problem, const std::vector<std::uint32_t>& node_of)
      : shape_(problem.shape),
        search_(*problem.routes, node_of, problem.shape.nodes()),
        max_copies_(std::min(problem.rules.max_replicas, problem.shape.nodes())),
        copies_of_(problem.shape.experts, 1),
        experts_on_(problem.shape.nodes()) {
    for (const std::uint32_t n : node_of) ++experts_on_[n];
    double total = 0;
    for (std::uint32_t n = 0; n < shape_.nodes(); ++n) total += search_.LoadOfNode(n);
    for (std::uint32_t n = 0; n < shape_.nodes(); ++n) {
      cap_.push_back((1 + kNodeImbalance) * total * SlotsOfNode(shape_, n) / shape_.slots());
    }
  }

  void Fill(const SearchLimits& limits) {
    while (!limits.Expired() && AddBest(true)) {
    }
    // Slots that only copies above the cap could fill: an empty slot helps nobody.
    while (AddBest(false)) {
    }
  }

  [[nodiscard]] NodePlan Plan() const {
    NodePlan plan;
    plan.experts.resize(shape_.nodes());
    plan.load.resize(shape_.nodes());
    for (std::uint32_t n = 0; n < shape_.nodes(); ++n) {
      for (std::uint32_t e = 0; e < shape_.experts; ++e) {
        if (!search_.Holds(e, n)) continue;
        plan.experts[n].push_back(e);
        plan.load[n].push_back(search_.LoadOf(e, n));
      }
    }
    return plan;
  }

 private:
  bool AddBest(bool within_cap) {
    double most = -1;
    std::uint32_t best_e = 0;
    std::uint32_t best_n = 0;
    for (std::uint32_t n = 0; n < shape_.nodes(); ++n) {
      if (experts_on_[n] >= SlotsOfNode(shape_, n)) continue;
      const double room =
          within_cap ? cap_[n] - search_.LoadOfNode(n) : std::numeric_limits<double>::infinity();
      for (std::uint32_t e = 0; e < shape_.experts; ++e) {
        if (search_.Holds(e, n) || copies_of_[e] >= max_copies_) continue;
        if (search_.Gain(e, n) <= most || search_.LoadGained(e, n) > room) continue;
        most = search_.Gain(e, n);
        best_e = e;
        best_n = n;
      }
    }
    if (most < 0) return false;
    search_.Add(best_e, best_n);
    ++copies_of_[best_e];
    ++experts_on_[best_n];
    return true;
  }

  const PlacementShape& shape_;
  CopySearch search_;
  std::uint32_t max_copies_;
  std::vector<std::uint32_t> copies_of_;   // [experts]
  std::vector<std::uint32_t> experts_on_;  // [nodes]
  std::vector<double> cap_;                // [nodes]
};

}  // namespace

std::uint32_t SlotsOfNode(const PlacementShape& shape, std::uint32_t node) {
  const std::uint32_t first = node * shape.ranks_per_node;
  return std::min(shape.ranks_per_node, shape.ranks - first) * shape.slots_per_rank;
}

NodePlan PlanNodes(const PlacementProblem& problem) {
  SWITCHYARD_CHECK(problem.routes != nullptr, "node-aware placement looks at tokens");
  Copies copies(problem, SearchNodes(problem));
  copies.Fill(problem.limits);
  return copies.Plan();
}

Placement SwapBetweenNodes(const PlacementProblem& problem) {
  SWITCHYARD_CHECK(problem.routes != nullptr && problem.current != nullptr &&
                       problem.rules.max_moves.has_value(),
                   "few moves from a placement, by what tokens choose");
  const PlacementShape& shape = problem.shape;
  const Placement& current = *problem.current;
  const std::vector<double> expert_load = ExpertLoads(problem);
  NodeLoads nodes(shape, std::accumulate(expert_load.begin(), expert_load.end(), 0.0));
  std::vector<std::uint32_t> slot_of(shape.experts);
  std::vector<std::uint32_t> node_of(shape.experts);
  for (std::uint32_t e = 0; e < shape.experts; ++e) {
    slot_of[e] = current.SlotsOf(e).front();
    node_of[e] = shape.NodeOfRank(current.RankOf(slot_of[e]));
    nodes.load[node_of[e]] += expert_load[e];
  }
  NodeSearch search(*problem.routes, shape.experts, shape.nodes());
  search.Assign(node_of);
  Swaps swaps(search, nodes, expert_load);
  for (std::uint32_t e = 0; e < shape.experts; ++e) {
    if (current.SlotsOf(e).size() > 1) swaps.Fix(e);
  }
  swaps.Descend(problem.limits, *problem.rules.max_moves / 2);
  std::vector<ExpertIndex> slots(current.expert_of_slot().begin(), current.expert_of_slot().end());
  for (const auto& [e, f] : swaps.done()) {
    std::swap(slots[slot_of[e]], slots[slot_of[f]]);
    std::swap(slot_of[e], slot_of[f]);
  }
  return {shape.ranks, shape.slots_per_rank, shape.experts, std::move(slots)};
}

}  // namespace switchyard
