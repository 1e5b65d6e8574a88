// How good slots are over scenarios: the weighted mean of the most loaded rank, 1 when balanced.
//
//   EvenScore score(shape, scenarios);         // tokens divided evenly over replicas
//   SplitScore score(shape, scenarios);        // divided by the LP of each scenario
//   score.Of(expert_of_slot, limit);           // above `limit`: some number above it, found early
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"
#include "sim/placement/split/replica_flow.h"
#include "sim/placement/windows/scenarios.h"

namespace switchyard {

// Contract: deterministic; an exact value when it is at most `limit`.
class PlacementScore {
 public:
  virtual ~PlacementScore() = default;
  [[nodiscard]] virtual double Of(std::span<const ExpertIndex> expert_of_slot, double limit) = 0;
};

// Goes through scenarios, those first that were hardest when all were looked at, and gives up when
// the rest cannot bring the mean below the limit: no most loaded rank has less than the mean load.
class ScenarioScore : public PlacementScore {
 public:
  ScenarioScore(const PlacementShape& shape, const Scenarios& scenarios);
  [[nodiscard]] double Of(std::span<const ExpertIndex> expert_of_slot, double limit) final;

 protected:
  virtual void Prepare(std::span<const ExpertIndex> expert_of_slot) = 0;
  // loads[experts] of one scenario.
  [[nodiscard]] virtual double MaxLoad(std::span<const double> loads) = 0;

  PlacementShape shape_;

 private:
  const Scenarios& scenarios_;
  std::vector<std::uint32_t> order_;
  std::vector<double> max_load_;  // [scenarios] of the last complete look
};

class EvenScore final : public ScenarioScore {
 public:
  EvenScore(const PlacementShape& shape, const Scenarios& scenarios);

 private:
  void Prepare(std::span<const ExpertIndex> expert_of_slot) override;
  [[nodiscard]] double MaxLoad(std::span<const double> loads) override;

  std::span<const ExpertIndex> expert_of_slot_;
  std::vector<std::uint32_t> count_;
  std::vector<double> share_;  // [experts] of an expert's load that one replica serves
};

class SplitScore final : public ScenarioScore {
 public:
  using ScenarioScore::ScenarioScore;

 private:
  void Prepare(std::span<const ExpertIndex> expert_of_slot) override;
  [[nodiscard]] double MaxLoad(std::span<const double> loads) override;

  ReplicaFlow<double> flow_;
};

}  // namespace switchyard
