#include "sim/placement/balance/undouble.h"

#include <algorithm>
#include <vector>

#include "sim/base/check.h"

namespace switchyard {
namespace {

class Undoubling {
 public:
  explicit Undoubling(const PlacementProblem& problem)
      : problem_(problem),
        shape_(problem.shape),
        loads_(problem.loads.Total()),
        slots_(problem.current->expert_of_slot().begin(), problem.current->expert_of_slot().end()),
        count_(shape_.experts),
        on_rank_(std::size_t{shape_.experts} * shape_.ranks),
        on_node_(std::size_t{shape_.experts} * shape_.nodes()) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      if (slots_[slot] != kNoExpert) Count(slot, slots_[slot], 1);
    }
  }

  Placement Run() && {
    std::uint32_t moves = problem_.rules.max_moves.value_or(shape_.slots());
    for (std::uint32_t slot = 0; slot < slots_.size() && moves > 0; ++slot) {
      const ExpertIndex old = slots_[slot];
      if (old == kNoExpert || OnRank(old, RankOf(slot)) < 2) continue;
      const ExpertIndex better = Busiest(RankOf(slot));
      if (better == kNoExpert) continue;
      Count(slot, old, -1);
      Count(slot, better, 1);
      slots_[slot] = better;
      --moves;
    }
    return {shape_.ranks, shape_.slots_per_rank, shape_.experts, std::move(slots_)};
  }

 private:
  [[nodiscard]] std::uint32_t RankOf(std::uint32_t slot) const {
    return slot / shape_.slots_per_rank;
  }
  [[nodiscard]] std::int32_t OnRank(std::uint32_t e, std::uint32_t rank) const {
    return on_rank_[std::size_t{e} * shape_.ranks + rank];
  }
  void Count(std::uint32_t slot, std::uint32_t e, std::int32_t by) {
    const std::uint32_t rank = RankOf(slot);
    count_[e] += by;
    on_rank_[std::size_t{e} * shape_.ranks + rank] += by;
    on_node_[std::size_t{e} * shape_.nodes() + shape_.NodeOfRank(rank)] += by;
  }

  [[nodiscard]] bool MayGoTo(std::uint32_t e, std::uint32_t rank) const {
    const auto count = static_cast<std::uint32_t>(count_[e]);
    if (OnRank(e, rank) > 0 || count >= problem_.rules.max_replicas) return false;
    const bool met = on_node_[std::size_t{e} * shape_.nodes() + shape_.NodeOfRank(rank)] > 0;
    return !problem_.rules.replicas_on_distinct_nodes || !met || count >= shape_.nodes();
  }
  // The expert whose replicas have most to do, the lowest of several; kNoExpert: none may go there.
  [[nodiscard]] ExpertIndex Busiest(std::uint32_t rank) const {
    ExpertIndex best = kNoExpert;
    double most = -1;
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      if (!MayGoTo(e, rank)) continue;
      const double load = loads_[e] / std::max(1, count_[e]);
      if (load <= most) continue;
      most = load;
      best = static_cast<ExpertIndex>(e);
    }
    return best;
  }

  const PlacementProblem& problem_;
  const PlacementShape& shape_;
  std::span<const double> loads_;
  std::vector<ExpertIndex> slots_;
  std::vector<std::int32_t> count_;    // [experts]
  std::vector<std::int32_t> on_rank_;  // [experts, ranks]
  std::vector<std::int32_t> on_node_;  // [experts, nodes]
};

}  // namespace

Placement UndoubledCurrent(const PlacementProblem& problem) {
  SWITCHYARD_CHECK(problem.current != nullptr, "there is no current placement");
  if (WastedSlots(*problem.current) == 0) return *problem.current;
  return Undoubling(problem).Run();
}

std::uint32_t MovesLeft(const PlacementProblem& problem, const Placement& undoubled) {
  const std::uint32_t moves = problem.rules.max_moves.value_or(problem.shape.slots());
  return moves - std::min(moves, SlotsMoved(*problem.current, undoubled));
}

}  // namespace switchyard
