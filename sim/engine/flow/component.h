// Flows in flight that share links, directly or through others: what has to be solved together.
//
// Exact sharing solves again whenever a flow ends. With a tolerance `epsilon`, all flows that end
// within a short window after the first to end are taken together: each is reported at its own end,
// the one its present rate gives, and all leave the problem at one time, the mean of their ends
// weighted by rate. By then those that end earlier have sent as much too little as those that end
// later have sent too much.
//
// The window is epsilon of the time that the busiest link still needs for its bytes, but never less
// than epsilon / 20 of the component's whole time: windows shrink as the end comes near, so that
// the makespan is not late or early by more than a small part of epsilon.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/flow/flow_table.h"
#include "sim/engine/flow/grouping.h"
#include "sim/engine/flow/max_min.h"

namespace switchyard {

// Ends closer than this are one: SimGrid's own precision (simgrid_session.cc). Seconds.
inline constexpr double kSameTime = 1e-12;

// First flow of each transfer, by FlowTag::transfer.
using TransferStarts = std::vector<double>;

class Component {
 public:
  // Takes the flows of one group and their remaining bytes at `now`; `peak` as of the component
  // they come from, or 0.
  void Build(const FlowTable& table, std::span<const std::uint32_t> slots, LinkSet& links,
             std::span<const double> capacity, double peak);

  // Rates from `now` on, which flows end next, and when to solve again.
  void Solve(double now, double epsilon, const TransferStarts& starts, MaxMinFill& fill);

  // Next thing to happen: a flow ends or it is time to solve again; infinite when all is over.
  [[nodiscard]] double next_time() const;
  // Appends the slots of flows that have ended by `now`.
  void TakeEnded(double now, std::vector<std::uint32_t>& ended);

  // At solve_time(): the flows of the batch leave, the others' bytes are brought up to date. Some
  // that leave may still have to be reported.
  void Advance();
  // At any time before: appends the slots of all flows that have not ended, with their remaining
  // bytes in the table. The component is left with nothing but flows still to be reported.
  void Dissolve(double now, FlowTable& table, std::vector<std::uint32_t>& slots);

  struct End {
    double time;
    std::uint32_t slot;
    std::uint32_t flow;  // its number in the component
  };
  // Flows that left at an earlier solve and end after it.
  [[nodiscard]] std::span<const End> leavers() const { return leavers_; }
  // Takes over those of a component that was dissolved.
  void AddLeavers(std::span<const End> leavers);
  // From the first to the last end of the present batch.
  [[nodiscard]] double batch_span() const { return batch_.back().time - batch_.front().time; }

  [[nodiscard]] double solve_time() const { return solve_time_; }
  [[nodiscard]] double solved_at() const { return solved_at_; }
  [[nodiscard]] double window() const { return window_; }
  [[nodiscard]] double peak() const { return peak_; }
  [[nodiscard]] std::uint32_t num_flows() const { return sharing_.num_open; }
  // So many have left that what is left may be several components, with fewer links that matter.
  [[nodiscard]] bool sparse() const;
  [[nodiscard]] bool Carries(std::uint32_t transfer) const;
  [[nodiscard]] std::span<const std::uint32_t> platform_links() const { return platform_links_; }

  std::uint64_t generation = 0;  // of its pending event; for the owner

 private:
  struct TransferHere {
    std::uint32_t id;
    double longest = 0.0;  // time its last flow needs at present rates
  };
  void AddLinks(const LinkSet& links, std::span<const double> capacity);
  void AddFlows(const FlowTable& table, std::span<const std::uint32_t> slots, const LinkSet& links);
  void InvertPaths();
  void Compact();
  void Resize(std::size_t flows);
  std::uint32_t TransferNumber(std::uint32_t id);
  [[nodiscard]] double SoonestEnd();
  [[nodiscard]] double WindowAfter(double soonest, double epsilon, const TransferStarts& starts);
  [[nodiscard]] double PortBound() const;
  double TakeBatch(double horizon);
  void Leave(std::uint32_t flow, double unsent);

  Sharing sharing_;
  std::vector<std::uint32_t> slot_;      // by flow
  std::vector<double> remaining_;        // by flow, at solved_at_
  std::vector<double> rate_;             // by flow
  std::vector<double> time_left_;        // by flow, from solved_at_, at its rate
  std::vector<std::uint32_t> transfer_;  // by flow: number in transfers_
  std::vector<TransferHere> transfers_;
  std::vector<double> load_;  // by link: bytes still to cross it
  std::vector<double> used_;  // by link: sum of rates
  std::vector<std::uint32_t> platform_links_;
  std::vector<End> batch_;  // flows that leave at solve_time_, by end
  std::size_t batch_reported_ = 0;
  std::vector<End> leavers_;  // by end
  std::size_t leavers_reported_ = 0;
  std::uint32_t built_for_ = 0;  // flows
  double solved_at_ = 0.0;
  double solve_time_ = 0.0;
  double window_ = 0.0;
  double peak_ = 0.0;
};

}  // namespace switchyard
