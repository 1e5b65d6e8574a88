// What a placement policy is asked: one MoE layer of one expert-parallel group, the loads that were
// seen, and the rules that the answer must keep.
//
//   PlacementProblem problem;
//   problem.shape = {256, 64, 8, 5};             // 256 experts, 64 ranks in nodes of 8, 5 slots
//   each problem.loads = WindowLoads(256); problem.loads.Add(counts);                   // tokens
//   of each expert in one window Placement placement =
//   MakePlacementPolicy(PlacementKind::kBalanced)->Place(problem);
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sim/placement/placement.h"
#include "sim/routing/routes.h"

namespace switchyard {

struct PlacementShape {
  std::uint32_t experts = 0;
  std::uint32_t ranks = 0;
  std::uint32_t ranks_per_node = 1;  // rank r is in node r / ranks_per_node
  std::uint32_t slots_per_rank = 0;  // ranks * slots_per_rank >= experts
  std::uint32_t expert_groups = 1;   // of consecutive experts, equal size; group-limited routing

  [[nodiscard]] std::uint32_t slots() const { return ranks * slots_per_rank; }
  [[nodiscard]] std::uint32_t redundant() const { return slots() - experts; }
  [[nodiscard]] std::uint32_t nodes() const {
    return (ranks + ranks_per_node - 1) / ranks_per_node;
  }
  [[nodiscard]] std::uint32_t NodeOfRank(std::uint32_t rank) const { return rank / ranks_per_node; }
};

// Choices (tokens x top_k) of each expert in one or more windows of time: loads as a set of
// scenarios, not one mean. Finite and not negative; all zero is allowed.
class WindowLoads {
 public:
  WindowLoads() = default;
  explicit WindowLoads(std::uint32_t experts) : experts_(experts), total_(experts) {}

  // counts[experts]
  void Add(std::span<const double> counts);
  [[nodiscard]] std::uint32_t experts() const { return experts_; }
  [[nodiscard]] std::uint32_t windows() const { return windows_; }
  [[nodiscard]] std::span<const double> Window(std::uint32_t w) const {
    return {values_.data() + std::size_t{w} * experts_, experts_};
  }
  // [experts], summed over windows.
  [[nodiscard]] std::span<const double> Total() const { return total_; }

 private:
  std::uint32_t experts_ = 0;
  std::uint32_t windows_ = 0;
  std::vector<double> values_;  // [windows, experts]
  std::vector<double> total_;
};

// Hard rules. A policy from elsewhere (linear, EPLB, snake) does not know them; Switchyard's own
// keep them.
struct PlacementRules {
  std::uint32_t max_replicas = std::numeric_limits<std::uint32_t>::max();  // of one expert
  // Replicas of an expert on different nodes, as far as there are nodes: it survives a node's loss.
  bool replicas_on_distinct_nodes = false;
  // SlotsMoved(current, result) stays at or below it; needs PlacementProblem::current.
  std::optional<std::uint32_t> max_moves;
};

// How long to search. The result is deterministic unless the deadline or the stop flag ended the
// search. Whatever ends it, the best placement so far is returned.
struct SearchLimits {
  std::uint32_t iterations = 0;  // of perturbation after the first local optimum; 0: none
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const std::atomic<bool>* stop = nullptr;  // not owned; set by another thread or a signal

  [[nodiscard]] bool Expired() const {
    return (stop != nullptr && stop->load(std::memory_order_relaxed)) ||
           (deadline && std::chrono::steady_clock::now() >= *deadline);
  }
};

struct PlacementProblem {
  PlacementShape shape;
  WindowLoads loads;
  // A sample of tokens with their choices, for policies that look at what is chosen together; may
  // be null. Not owned.
  const LayerRoutes* routes = nullptr;
  // Where experts are now, of the same shape; may be null. Not owned.
  const Placement* current = nullptr;
  PlacementRules rules;
  SearchLimits limits;
  std::uint64_t seed = 1;
};

}  // namespace switchyard
