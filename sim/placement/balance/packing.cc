#include "sim/placement/balance/packing.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace switchyard {
namespace {

using Rank = std::pair<double, std::uint32_t>;  // load, rank

class Packer {
 public:
  Packer(const PlacementShape& shape, bool distinct_nodes)
      : shape_(shape),
        distinct_nodes_(distinct_nodes && shape.nodes() > 1),
        expert_of_slot_(shape.slots(), kNoExpert),
        filled_(shape.ranks),
        node_taken_(shape.nodes()) {
    for (std::uint32_t rank = 0; rank < shape.ranks; ++rank) open_.emplace_back(0.0, rank);
  }

  // Returns how many replicas found no rank.
  std::uint32_t Add(ExpertIndex e, double replica_load, std::uint32_t count) {
    chosen_.clear();
    passed_.clear();
    std::fill(node_taken_.begin(), node_taken_.end(), std::uint8_t{0});
    std::uint32_t nodes = 0;
    while (chosen_.size() < count && !open_.empty()) {
      const Rank lightest = PopLightest();
      std::uint8_t& taken = node_taken_[shape_.NodeOfRank(lightest.second)];
      const bool wants_new_node = distinct_nodes_ && nodes < shape_.nodes();
      if (wants_new_node && taken != 0) {
        passed_.push_back(lightest);
        continue;
      }
      nodes += taken == 0 ? 1 : 0;
      taken = 1;
      chosen_.push_back(lightest);
      if (wants_new_node && nodes == shape_.nodes()) Reopen();  // from here any rank will do
    }
    const auto placed = static_cast<std::uint32_t>(chosen_.size());
    for (const Rank& rank : chosen_) Place(e, replica_load, rank);
    Reopen();
    return count - placed;
  }

  // A replica for which every rank with room is wrong (it holds e): something of another rank moves
  // there, and e takes its place. Such a pair exists: a rank with room has at most slots - 1
  // experts, e among them, a full one without e has slots others.
  bool AddByExchange(ExpertIndex e) {
    if (open_.empty()) return false;
    const std::uint32_t roomy = open_.front().second;
    for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
      if (filled_[rank] < shape_.slots_per_rank || Contains(rank, e)) continue;
      for (std::uint32_t i = filled_[rank]; i-- > 0;) {
        ExpertIndex& other = expert_of_slot_[rank * shape_.slots_per_rank + i];
        if (Contains(roomy, other)) continue;
        const ExpertIndex moved = std::exchange(other, e);
        Place(moved, 0.0, PopLightest());
        return true;
      }
    }
    return false;
  }

  std::vector<ExpertIndex> Take() { return std::move(expert_of_slot_); }

 private:
  void Push(Rank rank) {
    open_.push_back(rank);
    std::push_heap(open_.begin(), open_.end(), std::greater<>());
  }
  Rank PopLightest() {
    std::pop_heap(open_.begin(), open_.end(), std::greater<>());
    const Rank lightest = open_.back();
    open_.pop_back();
    return lightest;
  }
  void Reopen() {
    for (const Rank& rank : passed_) Push(rank);
    passed_.clear();
  }
  [[nodiscard]] bool Contains(std::uint32_t rank, ExpertIndex e) const {
    const auto* const first = expert_of_slot_.data() + rank * shape_.slots_per_rank;
    return std::find(first, first + filled_[rank], e) != first + filled_[rank];
  }
  void Place(ExpertIndex e, double replica_load, const Rank& rank) {
    expert_of_slot_[rank.second * shape_.slots_per_rank + filled_[rank.second]++] = e;
    if (filled_[rank.second] < shape_.slots_per_rank) {
      Push({rank.first + replica_load, rank.second});
    }
  }

  const PlacementShape& shape_;
  bool distinct_nodes_;
  std::vector<ExpertIndex> expert_of_slot_;
  std::vector<std::uint32_t> filled_;
  std::vector<std::uint8_t> node_taken_;
  std::vector<Rank> open_;  // a heap, the lightest first
  std::vector<Rank> chosen_;
  std::vector<Rank> passed_;
};

// Where nodes must differ and the last experts find too few ranks open, all are dealt in turn over
// ranks of alternating nodes, which always works: up to `ranks` consecutive ranks are distinct, and
// up to `nodes` consecutive ones are on distinct nodes. The local search does the rest.
std::vector<ExpertIndex> Deal(const PlacementShape& shape, std::span<const std::uint32_t> order,
                              std::span<const std::uint32_t> counts) {
  std::vector<std::uint32_t> ranks(shape.ranks);
  std::iota(ranks.begin(), ranks.end(), 0u);
  std::stable_sort(ranks.begin(), ranks.end(), [&](std::uint32_t a, std::uint32_t b) {
    return a % shape.ranks_per_node < b % shape.ranks_per_node;
  });
  std::vector<ExpertIndex> expert_of_slot(shape.slots(), kNoExpert);
  std::uint32_t dealt = 0;
  for (const std::uint32_t e : order) {
    for (std::uint32_t i = 0; i < counts[e]; ++i, ++dealt) {
      const std::uint32_t rank = ranks[dealt % shape.ranks];
      expert_of_slot[rank * shape.slots_per_rank + dealt / shape.ranks] =
          static_cast<ExpertIndex>(e);
    }
  }
  return expert_of_slot;
}

}  // namespace

std::vector<ExpertIndex> PackDistinct(const PlacementShape& shape, std::span<const double> loads,
                                      std::span<const std::uint32_t> counts,
                                      const PlacementRules& rules) {
  std::vector<double> replica_loads(shape.experts);
  for (std::uint32_t e = 0; e < shape.experts; ++e) replica_loads[e] = loads[e] / counts[e];
  std::vector<std::uint32_t> order(shape.experts);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return replica_loads[a] > replica_loads[b];
  });
  Packer packer(shape, rules.replicas_on_distinct_nodes);
  for (const std::uint32_t index : order) {
    const auto e = static_cast<ExpertIndex>(index);
    for (std::uint32_t missing = packer.Add(e, replica_loads[e], counts[e]); missing > 0;
         --missing) {
      const bool spread = rules.replicas_on_distinct_nodes && shape.nodes() > 1;
      if (spread || !packer.AddByExchange(e)) {
        return Deal(shape, order, counts);
      }
    }
  }
  return packer.Take();
}

}  // namespace switchyard
