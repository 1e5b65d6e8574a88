// What the score of an even split (windows/score.h) would be after one move, from what the move
// changes: a few ranks in each scenario.
//
//   MoveScore score(shape, scenarios);
//   score.SetBase(expert_of_slot);
//   score.OfSwap(a, b, limit);            // above `limit`: some number above it, found early
//   score.OfTransfer(slot, expert, limit);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"
#include "sim/placement/windows/scenarios.h"

namespace switchyard {

class MoveScore {
 public:
  // `scenarios` outlives the object.
  MoveScore(const PlacementShape& shape, const Scenarios& scenarios);

  // expert_of_slot[slots], every expert in at least one.
  void SetBase(std::span<const ExpertIndex> expert_of_slot);
  [[nodiscard]] double base() const { return base_; }
  // Ranks that are most loaded in some scenario, by the weight of those scenarios, at most `count`.
  [[nodiscard]] std::vector<std::uint32_t> HottestRanks(std::size_t count) const;

  // Two slots of different ranks exchange their experts.
  [[nodiscard]] double OfSwap(std::uint32_t a, std::uint32_t b, double limit);
  // The slot gets a further replica of `expert`, which its rank does not hold, in place of one of
  // an expert with others left, or of nothing.
  [[nodiscard]] double OfTransfer(std::uint32_t slot, std::uint32_t expert, double limit);

 private:
  // A rank gets this much more of one expert's load.
  struct Term {
    std::uint32_t rank = 0;
    std::uint32_t expert = 0;
    double share = 0;
  };

  [[nodiscard]] std::uint32_t RankOf(std::uint32_t slot) const {
    return slot / shape_.slots_per_rank;
  }
  [[nodiscard]] const double* RankLoads(std::uint32_t scenario) const {
    return rank_loads_.data() + std::size_t{scenario} * shape_.ranks;
  }
  void SortRanks(std::uint32_t scenario);
  void AddTerm(std::uint32_t slot, std::uint32_t expert, double share);
  void AddReplicas(std::uint32_t expert, double share);
  [[nodiscard]] double Judge(double limit);
  [[nodiscard]] double MaxLoad(std::uint32_t scenario);

  PlacementShape shape_;
  const Scenarios& scenarios_;
  std::vector<ExpertIndex> expert_of_slot_;
  std::vector<std::vector<std::uint32_t>> slots_of_;  // [experts]
  std::vector<double> rank_loads_;                    // [scenarios, ranks]
  std::vector<std::uint32_t> rank_order_;             // [scenarios, ranks], most loaded first
  std::vector<std::uint32_t> scenario_order_;         // hardest first
  double base_ = 0;
  // Of the move being looked at.
  std::vector<Term> terms_;
  std::vector<double> extra_;          // [ranks]
  std::vector<std::uint8_t> touched_;  // [ranks]
  std::vector<std::uint32_t> touched_ranks_;
};

}  // namespace switchyard
