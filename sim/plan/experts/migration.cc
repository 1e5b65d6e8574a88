#include "sim/plan/experts/migration.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Who sends an expert to a rank.
class Senders {
 public:
  Senders(const Placement& from, std::uint32_t ranks_per_node)
      : from_(from), ranks_per_node_(ranks_per_node), sent_(from.ranks()) {}

  std::uint32_t Choose(std::uint32_t expert, std::uint32_t receiver) {
    std::uint32_t best = from_.ranks();
    for (const std::uint32_t slot : from_.SlotsOf(expert)) {
      const std::uint32_t rank = from_.RankOf(slot);
      if (best == from_.ranks() || Key(rank, receiver) < Key(best, receiver)) best = rank;
    }
    SWITCHYARD_CHECK(best < from_.ranks(), "an expert that is nowhere cannot move");
    ++sent_[best];
    return best;
  }

 private:
  [[nodiscard]] std::pair<bool, std::uint32_t> Key(std::uint32_t rank,
                                                   std::uint32_t receiver) const {
    return {rank / ranks_per_node_ != receiver / ranks_per_node_, sent_[rank]};
  }

  const Placement& from_;
  std::uint32_t ranks_per_node_;
  std::vector<std::uint32_t> sent_;
};

std::set<ExpertIndex> ExpertsOf(const Placement& placement, std::uint32_t rank) {
  const auto slots = placement.expert_of_slot().subspan(
      std::size_t{rank} * placement.slots_per_rank(), placement.slots_per_rank());
  std::set<ExpertIndex> experts(slots.begin(), slots.end());
  experts.erase(kNoExpert);
  return experts;
}

}  // namespace

WeightMoves PlanMoves(const Placement& from, const Placement& to, std::uint32_t ranks_per_node) {
  SWITCHYARD_CHECK(from.ranks() == to.ranks(), "placements of different numbers of ranks");
  Senders senders(from, ranks_per_node);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> moved;
  for (std::uint32_t rank = 0; rank < to.ranks(); ++rank) {
    const std::set<ExpertIndex> before = ExpertsOf(from, rank);
    for (const ExpertIndex e : ExpertsOf(to, rank)) {
      if (before.count(e) == 0) ++moved[{senders.Choose(e, rank), rank}];
    }
  }
  WeightMoves moves;
  moves.reserve(moved.size());
  for (const auto& [pair, experts] : moved) moves.push_back({pair.first, pair.second, experts});
  return moves;
}

MigrationStep StepOfMigration(const LayerPlacements& from, const LayerPlacements& to,
                              const MigrationSpec& spec, std::uint32_t ranks_per_node) {
  SWITCHYARD_CHECK(from.size() == to.size(), "placements of different models");
  MigrationStep step;
  step.moves.resize(to.size());
  std::uint32_t moving = 0;
  for (std::size_t layer = 0; layer < to.size(); ++layer) {
    WeightMoves moves = PlanMoves(from[layer], to[layer], ranks_per_node);
    const bool full = spec.layers_per_step > 0 && moving >= spec.layers_per_step;
    const bool waits = full && !moves.empty();
    if (!moves.empty() && !waits) {
      ++moving;
      step.moves[layer] = std::move(moves);
    }
    // A layer of which nothing moves may still have its slots in another order.
    const bool arrives = spec.mode == MigrationMode::kBlocking && !waits;
    step.placements.push_back(arrives ? to[layer] : from[layer]);
  }
  return step;
}

Bytes ExpertWeightBytes(const ModelSpec& model) {
  return {ExpertParameters(model) * BytesPerElement(model.dtypes.expert_weights)};
}

}  // namespace switchyard
