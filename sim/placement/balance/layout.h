// A placement of one layer while it is being improved: loads of ranks under an even split, kept up
// to date move by move, and which moves the rules allow.
//
//   Layout layout(shape, loads, rules);
//   layout.Start(expert_of_slot);
//   if (layout.CanSwap(a, b)) layout.Swap(a, b);
//   Placement result = layout.ToPlacement();
//
// A rank's slots are kept sorted by load, heaviest first, so slots change places inside their rank
// with every move. Moves do not allocate. Slots may be empty (kNoExpert, load 0).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"

namespace switchyard {

class Layout {
 public:
  // The spans' owners outlive the layout; `loads` [experts].
  Layout(const PlacementShape& shape, std::span<const double> loads, const PlacementRules& rules);

  // expert_of_slot[slots]; every expert somewhere.
  void Start(std::span<const ExpertIndex> expert_of_slot);
  // From now on CanSwap and CanTransfer keep SlotsMoved(the layout as it is now, ...) <= max_moves.
  void LimitMoves(std::uint32_t max_moves);
  // No expert twice on a rank, none above its cap, nodes as the rules say.
  [[nodiscard]] bool KeepsRules() const;

  [[nodiscard]] const PlacementShape& shape() const { return shape_; }
  [[nodiscard]] std::uint32_t RankOf(std::uint32_t slot) const {
    return slot / shape_.slots_per_rank;
  }
  [[nodiscard]] std::uint32_t FirstSlot(std::uint32_t rank) const {
    return rank * shape_.slots_per_rank;
  }
  [[nodiscard]] ExpertIndex ExpertAt(std::uint32_t slot) const { return expert_of_slot_[slot]; }
  [[nodiscard]] double SlotLoad(std::uint32_t slot) const { return slot_load_[slot]; }
  [[nodiscard]] double ExpertLoad(std::uint32_t e) const { return loads_[e]; }
  [[nodiscard]] double ReplicaLoad(std::uint32_t e) const { return loads_[e] / Count(e); }
  [[nodiscard]] std::uint32_t Count(std::uint32_t e) const { return count_[e]; }
  [[nodiscard]] std::uint32_t cap() const { return cap_; }
  [[nodiscard]] bool Holds(std::uint32_t rank, std::uint32_t e) const {
    return on_rank_[std::size_t{e} * shape_.ranks + rank] != 0;
  }
  // The ranks of e's replicas, in no order.
  [[nodiscard]] std::span<const std::uint16_t> RanksOf(std::uint32_t e) const {
    return {ranks_of_.data() + std::size_t{e} * shape_.ranks, count_[e]};
  }
  [[nodiscard]] double RankLoad(std::uint32_t rank) const { return rank_load_[rank]; }
  [[nodiscard]] std::uint32_t MostLoadedRank() const;
  [[nodiscard]] double MaxLoad() const { return rank_load_[MostLoadedRank()]; }

  // Exchange of the contents of two slots of different ranks.
  [[nodiscard]] bool CanSwap(std::uint32_t a, std::uint32_t b) const;
  void Swap(std::uint32_t a, std::uint32_t b);
  // The slot gets a further replica of `e` in place of what it holds: an expert with other replicas
  // left, or nothing.
  [[nodiscard]] bool CanTransfer(std::uint32_t slot, std::uint32_t e) const;
  void Transfer(std::uint32_t slot, std::uint32_t e);

  [[nodiscard]] Placement ToPlacement() const;

 private:
  [[nodiscard]] bool NodesAllow(std::uint32_t e, std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] int MovesOf(std::uint32_t rank, ExpertIndex out, ExpertIndex in) const;
  void Put(std::uint32_t rank, ExpertIndex e);
  void Remove(std::uint32_t rank, ExpertIndex e);
  void ReloadReplicas(std::uint32_t e, double replica_load);
  void SortRank(std::uint32_t rank);
  void SumRank(std::uint32_t rank);

  PlacementShape shape_;
  std::span<const double> loads_;
  std::uint32_t cap_ = 1;
  bool distinct_nodes_ = false;
  std::vector<ExpertIndex> expert_of_slot_;
  std::vector<double> slot_load_;
  std::vector<double> rank_load_;
  std::vector<std::uint32_t> count_;     // [experts]
  std::vector<std::uint16_t> ranks_of_;  // [experts, ranks], the first count_[e] of each row
  std::vector<std::uint8_t> on_rank_;    // [experts, ranks] replicas there
  std::vector<std::uint16_t> on_node_;   // [experts, nodes], with distinct_nodes_
  std::vector<std::uint32_t> nodes_of_;  // [experts] nodes with a replica, with distinct_nodes_
  std::vector<std::uint8_t> original_;   // [experts, ranks], with a limit of moves
  int moves_left_ = 0;
};

}  // namespace switchyard
