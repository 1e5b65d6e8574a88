// The split of every expert's load over its replicas that gives the most loaded rank least:
// min over splits of max over ranks, exactly.
//
//   ReplicaFlow<double> flow;
//   flow.Reset(placement);
//   const double least = flow.Solve(loads);   // [experts]; no allocation once the buffers have
//   grown flow.served()[slot]; flow.rank_loads()[rank]; flow.bottleneck()[rank];
//
// Load is double, or std::int64_t: then every share is an integer and the least is the integers'
// optimum, the rounded up least of the doubles (flows of integer capacities are integers).
//
// Method. By max-flow min-cut on the graph expert -> rank of its replicas,
//   least = max over sets A of ranks of (load of experts all of whose replicas are in A) / |A|,
// the problem of LPLB (github.com/deepseek-ai/LPLB) solved without its interior points. T starts at
// a lower bound; load of ranks above T is pushed along shortest paths of shared experts to ranks
// below T. Where no path is left, the ranks that can be reached from the overloaded ones are an A
// with a larger bound: T becomes that (Newton's method on a max of fractions; Dinkelbach,
// Management Science 13, 1967), until no rank is above T. Two to four rounds are usual.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/placement.h"

namespace switchyard {

template <typename Load>
class ReplicaFlow {
 public:
  // Learns who is where; every expert is somewhere. Replicas of an expert on one rank are allowed.
  void Reset(const Placement& placement);
  // The same without a Placement, for searches: expert_of_slot[ranks * slots_per_rank].
  void Reset(std::uint32_t ranks, std::uint32_t experts,
             std::span<const ExpertIndex> expert_of_slot);

  // loads[experts], not negative. Returns the least load of the most loaded rank.
  Load Solve(std::span<const Load> loads);

  // Of the last Solve: [slots] what each slot serves, [ranks] its sums, [ranks] nonzero for the set
  // A that proves the least: its ranks' experts have no replica elsewhere.
  [[nodiscard]] std::span<const Load> served() const { return served_; }
  [[nodiscard]] std::span<const Load> rank_loads() const { return rank_loads_; }
  [[nodiscard]] std::span<const std::uint8_t> bottleneck() const { return bottleneck_; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  [[nodiscard]] std::span<const std::uint32_t> SlotsOf(std::uint32_t expert) const {
    return {slots_.data() + first_slot_[expert], first_slot_[expert + 1] - first_slot_[expert]};
  }
  void PlaceUnique(std::span<const Load> loads);
  [[nodiscard]] Load LowerBound(std::span<const Load> loads);
  void PourReplicated(std::span<const Load> loads);
  void Pour(std::uint32_t expert, Load load);
  [[nodiscard]] bool PushToLimit(Load limit);
  void Search(Load limit);
  void VisitRanksOf(std::uint32_t expert, std::uint32_t from_slot);
  [[nodiscard]] bool PushAlong(std::uint32_t rank, Load limit);
  [[nodiscard]] Load BoundOfReached();

  std::uint32_t ranks_ = 0;
  std::vector<std::uint32_t> first_slot_, slots_;     // of experts
  std::vector<std::uint32_t> replicated_;             // experts in several slots
  std::vector<std::uint32_t> first_shared_, shared_;  // of ranks: slots of such experts
  std::vector<std::uint32_t> rank_of_slot_, expert_of_slot_;
  Load tolerance_ = 0;
  std::vector<Load> served_, rank_loads_;
  std::vector<std::uint8_t> bottleneck_;
  // Of a search: ranks in the order they were reached, and by which slots.
  std::vector<std::uint32_t> queue_, from_slot_, to_slot_;
  std::vector<std::uint8_t> reached_, expanded_;
  std::vector<std::uint32_t> order_;  // of an expert's slots, least loaded rank first
};

extern template class ReplicaFlow<double>;
extern template class ReplicaFlow<std::int64_t>;

}  // namespace switchyard
