#include "sim/placement/balance/layout.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/placement/balance/replica_counts.h"

namespace switchyard {

Layout::Layout(const PlacementShape& shape, std::span<const double> loads,
               const PlacementRules& rules)
    : shape_(shape),
      loads_(loads),
      cap_(ReplicaCap(shape, rules)),
      distinct_nodes_(rules.replicas_on_distinct_nodes && shape.nodes() > 1),
      expert_of_slot_(shape.slots(), kNoExpert),
      slot_load_(shape.slots()),
      rank_load_(shape.ranks),
      count_(shape.experts),
      ranks_of_(std::size_t{shape.experts} * shape.ranks),
      on_rank_(std::size_t{shape.experts} * shape.ranks) {
  SWITCHYARD_CHECK(loads.size() == shape.experts, "one load for each expert");
  if (!distinct_nodes_) return;
  on_node_.resize(std::size_t{shape.experts} * shape.nodes());
  nodes_of_.resize(shape.experts);
}

void Layout::Start(std::span<const ExpertIndex> expert_of_slot) {
  SWITCHYARD_CHECK(expert_of_slot.size() == shape_.slots(), "one entry for each slot");
  std::copy(expert_of_slot.begin(), expert_of_slot.end(), expert_of_slot_.begin());
  std::fill(count_.begin(), count_.end(), 0u);
  std::fill(on_rank_.begin(), on_rank_.end(), std::uint8_t{0});
  std::fill(on_node_.begin(), on_node_.end(), std::uint16_t{0});
  std::fill(nodes_of_.begin(), nodes_of_.end(), 0u);
  for (std::uint32_t slot = 0; slot < shape_.slots(); ++slot) {
    if (expert_of_slot_[slot] != kNoExpert) Put(RankOf(slot), expert_of_slot_[slot]);
  }
  for (std::uint32_t slot = 0; slot < shape_.slots(); ++slot) {
    const ExpertIndex e = expert_of_slot_[slot];
    slot_load_[slot] = e == kNoExpert ? 0.0 : ReplicaLoad(e);
  }
  for (std::uint32_t rank = 0; rank < shape_.ranks; ++rank) {
    SortRank(rank);
    SumRank(rank);
  }
}

void Layout::LimitMoves(std::uint32_t max_moves) {
  original_ = on_rank_;
  moves_left_ = static_cast<int>(std::min(max_moves, shape_.slots()));
}

bool Layout::KeepsRules() const {
  for (std::uint32_t e = 0; e < shape_.experts; ++e) {
    if (count_[e] == 0 || count_[e] > cap_) return false;
    if (distinct_nodes_ && nodes_of_[e] < std::min(count_[e], shape_.nodes())) return false;
  }
  return std::none_of(on_rank_.begin(), on_rank_.end(), [](std::uint8_t n) { return n > 1; });
}

std::uint32_t Layout::MostLoadedRank() const {
  return static_cast<std::uint32_t>(std::max_element(rank_load_.begin(), rank_load_.end()) -
                                    rank_load_.begin());
}

// Whether e stays on as many nodes as it must when a replica goes from one rank to another.
bool Layout::NodesAllow(std::uint32_t e, std::uint32_t from, std::uint32_t to) const {
  if (!distinct_nodes_) return true;
  const std::uint32_t left = shape_.NodeOfRank(from);
  const std::uint32_t entered = shape_.NodeOfRank(to);
  if (left == entered) return true;
  const auto* const on = on_node_.data() + std::size_t{e} * shape_.nodes();
  const std::uint32_t nodes = nodes_of_[e] - (on[left] == 1 ? 1 : 0) + (on[entered] == 0 ? 1 : 0);
  return nodes >= std::min(count_[e], shape_.nodes());
}

// By how much SlotsMoved grows when `in` takes the place of `out`.
int Layout::MovesOf(std::uint32_t rank, ExpertIndex out, ExpertIndex in) const {
  const auto is_new = [&](ExpertIndex e) {
    return e != kNoExpert && original_[std::size_t{e} * shape_.ranks + rank] == 0 ? 1 : 0;
  };
  return is_new(in) - is_new(out);
}

bool Layout::CanSwap(std::uint32_t a, std::uint32_t b) const {
  const ExpertIndex first = expert_of_slot_[a];
  const ExpertIndex second = expert_of_slot_[b];
  const std::uint32_t here = RankOf(a);
  const std::uint32_t there = RankOf(b);
  if (first != kNoExpert && (Holds(there, first) || !NodesAllow(first, here, there))) return false;
  if (second != kNoExpert && (Holds(here, second) || !NodesAllow(second, there, here))) {
    return false;
  }
  return original_.empty() ||
         MovesOf(here, first, second) + MovesOf(there, second, first) <= moves_left_;
}

void Layout::Swap(std::uint32_t a, std::uint32_t b) {
  const std::uint32_t here = RankOf(a);
  const std::uint32_t there = RankOf(b);
  const ExpertIndex first = expert_of_slot_[a];
  const ExpertIndex second = expert_of_slot_[b];
  if (!original_.empty()) {
    moves_left_ -= MovesOf(here, first, second) + MovesOf(there, second, first);
  }
  if (first != kNoExpert) {
    Remove(here, first);
    Put(there, first);
  }
  if (second != kNoExpert) {
    Remove(there, second);
    Put(here, second);
  }
  std::swap(expert_of_slot_[a], expert_of_slot_[b]);
  std::swap(slot_load_[a], slot_load_[b]);
  for (const std::uint32_t rank : {here, there}) {
    SortRank(rank);
    SumRank(rank);
  }
}

bool Layout::CanTransfer(std::uint32_t slot, std::uint32_t e) const {
  const ExpertIndex out = expert_of_slot_[slot];
  const std::uint32_t rank = RankOf(slot);
  if (count_[e] >= cap_ || Holds(rank, e)) return false;
  if (out != kNoExpert && count_[out] < 2) return false;
  if (!original_.empty() && MovesOf(rank, out, static_cast<ExpertIndex>(e)) > moves_left_) {
    return false;
  }
  if (!distinct_nodes_) return true;
  const std::uint32_t nodes = shape_.nodes();
  const std::uint32_t node = shape_.NodeOfRank(rank);
  const bool new_node = on_node_[std::size_t{e} * nodes + node] == 0;
  if (nodes_of_[e] + (new_node ? 1 : 0) < std::min(count_[e] + 1, nodes)) return false;
  if (out == kNoExpert) return true;
  const bool last_there = on_node_[std::size_t{out} * nodes + node] == 1;
  return nodes_of_[out] - (last_there ? 1 : 0) >= std::min(count_[out] - 1, nodes);
}

void Layout::Transfer(std::uint32_t slot, std::uint32_t e) {
  const ExpertIndex out = expert_of_slot_[slot];
  const std::uint32_t rank = RankOf(slot);
  const auto in = static_cast<ExpertIndex>(e);
  if (!original_.empty()) moves_left_ -= MovesOf(rank, out, in);
  if (out != kNoExpert) Remove(rank, out);
  expert_of_slot_[slot] = in;
  Put(rank, in);
  slot_load_[slot] = ReplicaLoad(e);
  SortRank(rank);
  SumRank(rank);
  if (out != kNoExpert) ReloadReplicas(out, ReplicaLoad(out));
  ReloadReplicas(e, ReplicaLoad(e));
}

// The loads of e's slots after its count changed.
void Layout::ReloadReplicas(std::uint32_t e, double replica_load) {
  for (const std::uint16_t rank : RanksOf(e)) {
    const std::uint32_t first = FirstSlot(rank);
    for (std::uint32_t slot = first; slot < first + shape_.slots_per_rank; ++slot) {
      if (expert_of_slot_[slot] == e) slot_load_[slot] = replica_load;
    }
    SortRank(rank);
    SumRank(rank);
  }
}

void Layout::Put(std::uint32_t rank, ExpertIndex e) {
  const std::size_t row = std::size_t{e} * shape_.ranks;
  // Two replicas on one rank, as a start may have them, are listed once by rank and counted twice.
  SWITCHYARD_CHECK(count_[e] < shape_.ranks, "more replicas of an expert than ranks");
  ranks_of_[row + count_[e]++] = static_cast<std::uint16_t>(rank);
  ++on_rank_[row + rank];
  if (!distinct_nodes_) return;
  auto& on = on_node_[std::size_t{e} * shape_.nodes() + shape_.NodeOfRank(rank)];
  if (on++ == 0) ++nodes_of_[e];
}

void Layout::Remove(std::uint32_t rank, ExpertIndex e) {
  const std::size_t row = std::size_t{e} * shape_.ranks;
  auto* const ranks = ranks_of_.data() + row;
  auto* const place = std::find(ranks, ranks + count_[e], static_cast<std::uint16_t>(rank));
  *place = ranks[--count_[e]];
  --on_rank_[row + rank];
  if (!distinct_nodes_) return;
  auto& on = on_node_[std::size_t{e} * shape_.nodes() + shape_.NodeOfRank(rank)];
  if (--on == 0) --nodes_of_[e];
}

// Insertion sort: the slots are nearly sorted. Of equal loads the lower expert comes first, so that
// a layout does not depend on the order of the moves that led to it.
void Layout::SortRank(std::uint32_t rank) {
  double* const load = slot_load_.data() + FirstSlot(rank);
  ExpertIndex* const expert = expert_of_slot_.data() + FirstSlot(rank);
  for (std::uint32_t i = 1; i < shape_.slots_per_rank; ++i) {
    const double moving_load = load[i];
    const ExpertIndex moving = expert[i];
    std::uint32_t j = i;
    for (; j > 0 &&
           (load[j - 1] < moving_load || (load[j - 1] == moving_load && expert[j - 1] > moving));
         --j) {
      load[j] = load[j - 1];
      expert[j] = expert[j - 1];
    }
    load[j] = moving_load;
    expert[j] = moving;
  }
}

// Anew rather than by difference: no rounding errors gather over many moves.
void Layout::SumRank(std::uint32_t rank) {
  const double* const load = slot_load_.data() + FirstSlot(rank);
  double sum = 0;
  for (std::uint32_t i = 0; i < shape_.slots_per_rank; ++i) sum += load[i];
  rank_load_[rank] = sum;
}

Placement Layout::ToPlacement() const {
  return {shape_.ranks, shape_.slots_per_rank, shape_.experts, expert_of_slot_};
}

}  // namespace switchyard
