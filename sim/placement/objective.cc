#include "sim/placement/objective.h"

#include <algorithm>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kNoToken = 0xffffffff;

// Copies that leave and enter each of some places.
struct Copies {
  explicit Copies(std::uint32_t places) : out(places), in(places) {}
  std::vector<std::uint64_t> out, in;

  void Add(std::uint32_t from, std::uint32_t to) {
    ++out[from];
    ++in[to];
  }
  [[nodiscard]] double Most() const {
    const std::uint64_t most_out = *std::max_element(out.begin(), out.end());
    return static_cast<double>(std::max(most_out, *std::max_element(in.begin(), in.end())));
  }
};

// One window's work and copies.
class WindowCosts {
 public:
  WindowCosts(const Placement& placement, const PlacementShape& shape)
      : placement_(placement),
        shape_(shape),
        tokens_(placement.num_slots()),
        between_nodes_(shape.nodes()),
        inside_nodes_(shape.ranks),
        node_seen_(shape.nodes(), kNoToken),
        rank_seen_(shape.ranks, kNoToken) {}

  void AddChoice(std::uint32_t token, std::uint32_t sender, std::uint32_t slot) {
    ++tokens_[slot];
    const std::uint32_t rank = placement_.RankOf(slot);
    const std::uint32_t node = shape_.NodeOfRank(rank);
    const std::uint32_t home = shape_.NodeOfRank(sender);
    if (node != home && node_seen_[node] != token) between_nodes_.Add(home, node);
    node_seen_[node] = token;
    const std::uint32_t entry = EntryOf(sender, node);
    if (rank != entry && rank_seen_[rank] != token) inside_nodes_.Add(entry, rank);
    rank_seen_[rank] = token;
  }

  [[nodiscard]] double ComputeSeconds(const ObjectiveCosts& costs) const {
    double most = 0;
    for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
      double seconds = 0;
      for (std::uint32_t i = 0; i < placement_.slots_per_rank(); ++i) {
        const std::uint64_t tokens = tokens_[rank * placement_.slots_per_rank() + i];
        if (tokens == 0) continue;
        const std::uint64_t tile = costs.gemm_tile_rows;
        const std::uint64_t rows = (tokens + tile - 1) / tile * tile;
        seconds += costs.seconds_per_token * static_cast<double>(rows);
        seconds += costs.seconds_per_active_expert;
      }
      most = std::max(most, seconds);
    }
    return most;
  }
  [[nodiscard]] double MostBetweenNodes() const { return between_nodes_.Most(); }
  [[nodiscard]] double MostInsideNodes() const { return inside_nodes_.Most(); }

 private:
  // The rank of `node` that a copy from `sender` reaches first; the last node may be smaller.
  [[nodiscard]] std::uint32_t EntryOf(std::uint32_t sender, std::uint32_t node) const {
    if (node == shape_.NodeOfRank(sender)) return sender;
    const std::uint32_t first = node * shape_.ranks_per_node;
    const std::uint32_t size = std::min(shape_.ranks_per_node, shape_.ranks - first);
    return first + sender % shape_.ranks_per_node % size;
  }

  const Placement& placement_;
  const PlacementShape& shape_;
  std::vector<std::uint64_t> tokens_;  // [slots]
  Copies between_nodes_, inside_nodes_;
  std::vector<std::uint32_t> node_seen_, rank_seen_;  // the last token that went there
};

double TransferSeconds(double bytes, double bandwidth) {
  return bandwidth > 0 ? bytes / bandwidth : 0;
}

void AddWindow(const Placement& placement, const ObjectiveInput& input, const LayerRoutes& routes,
               const ObjectiveCosts& costs, ObjectiveTerms& terms) {
  const std::vector<std::uint32_t> slots = RouteTokens(placement, input.shape, routes, input.split);
  WindowCosts window(placement, input.shape);
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    const auto sender =
        static_cast<std::uint32_t>(std::uint64_t{t} * input.shape.ranks / routes.tokens);
    for (std::uint32_t j = 0; j < routes.top_k; ++j) {
      const std::uint32_t slot = slots[std::size_t{t} * routes.top_k + j];
      if (slot != kNoSlot) window.AddChoice(t, sender, slot);
    }
  }
  const double copy_bytes = costs.dispatch_bytes + costs.combine_bytes;
  const auto windows = static_cast<double>(input.windows.size());
  terms.compute_s += window.ComputeSeconds(costs) / windows;
  terms.inter_node_s +=
      TransferSeconds(window.MostBetweenNodes() * copy_bytes, costs.node_bandwidth) / windows;
  terms.intra_node_s +=
      TransferSeconds(window.MostInsideNodes() * copy_bytes, costs.rank_bandwidth) / windows;
}

}  // namespace

ObjectiveTerms Evaluate(const Placement& placement, const ObjectiveInput& input,
                        const ObjectiveCosts& costs) {
  SWITCHYARD_CHECK(costs.gemm_tile_rows > 0 && costs.steps_between_replans > 0,
                   "tiles have rows and replans are some steps apart");
  ObjectiveTerms terms;
  for (const LayerRoutes& routes : input.windows) {
    AddWindow(placement, input, routes, costs, terms);
  }
  if (input.previous != nullptr) {
    const double bytes = SlotsMoved(*input.previous, placement) * costs.expert_bytes;
    terms.migration_s =
        TransferSeconds(bytes, costs.migration_bandwidth) / costs.steps_between_replans;
  }
  terms.total_s =
      costs.compute_weight * terms.compute_s + costs.inter_node_weight * terms.inter_node_s +
      costs.intra_node_weight * terms.intra_node_s + costs.migration_weight * terms.migration_s;
  return terms;
}

}  // namespace switchyard
