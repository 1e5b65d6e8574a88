// Flows that share links, directly or through others: what has to be solved together. A component
// holds flows before they start (pending), while they send (open) and no longer.
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
#include <limits>
#include <span>
#include <vector>

#include "sim/engine/flow/flow_table.h"
#include "sim/engine/flow/grouping.h"
#include "sim/engine/flow/max_min.h"
#include "sim/engine/flow/weighted_fill.h"

namespace switchyard {

// Ends closer than this are one: SimGrid's own precision (simgrid_session.cc). Seconds.
inline constexpr double kSameTime = 1e-12;

// Their memory is shared by all components.
struct Fills {
  MaxMinFill equal;
  WeightedFill weighted;
};

class Component {
 public:
  // What a component is built with and of.
  struct Ground {
    LinkSet& links;
    std::span<const double> capacity;  // by link of the platform, bytes/s
    double now;
    double peak;  // as of the component that the flows come from, or 0
  };
  // Takes the flows of one group as component `number`, with their state in the table at `now`, its
  // solved_at().
  void Build(std::uint32_t number, FlowTable& table, std::span<const FlowTag> flows,
             const Ground& ground);

  // A pending flow starts (`index`: FlowTable::Place). It is taken in at `due`, or at once when
  // that is past, together with others that have come by then.
  void Arrive(std::uint32_t index, double now, double due);
  // Whether its transfer has flows that send.
  [[nodiscard]] bool HasCompany(std::uint32_t index) const {
    return transfers_[transfer_[index]].open > 0;
  }
  // When flows that have arrived must be taken in; infinite when there are none.
  [[nodiscard]] double arrivals_due() const { return arrivals_due_; }
  // Takes them in, all at the mean of their times; before Solve at solved_at().
  void OpenArrived();
  // Rates from solved_at() on, which flows end next, and when to solve again.
  void Solve(double epsilon, const FlowTable& table, Fills& fills);

  // Next thing to happen: a flow ends, flows are to be taken in or it is time to solve again;
  // infinite when all is over or waits for flows to start.
  [[nodiscard]] double next_time() const;
  // Appends the flows that have ended by `now`.
  void TakeEnded(double now, std::vector<FlowTag>& ended);

  // At solve_time(): the flows of the batch leave, the others' bytes are brought up to date, flows
  // that have arrived are taken in. Some that leave may still have to be reported.
  void Advance(FlowTable& table);
  // At any time before: appends all flows that have not ended, with their state in the table. The
  // component is left with nothing but flows still to be reported.
  void Dissolve(double now, FlowTable& table, std::vector<FlowTag>& flows);

  struct End {
    double time;
    FlowTag tag;
    std::uint32_t flow;  // its number in the component
  };
  // Flows that left at an earlier solve and end after it.
  [[nodiscard]] std::span<const End> leavers() const { return leavers_; }
  // Takes over those of a component that was dissolved.
  void AddLeavers(std::span<const End> leavers);
  // From the first to the last end of the present batch.
  [[nodiscard]] double batch_span() const {
    return batch_.empty() ? 0.0 : batch_.back().time - batch_.front().time;
  }

  [[nodiscard]] double solve_time() const { return solve_time_; }
  [[nodiscard]] double solved_at() const { return solved_at_; }
  [[nodiscard]] double window() const { return window_; }
  [[nodiscard]] double peak() const { return peak_; }
  [[nodiscard]] std::uint32_t num_open() const { return sharing_.num_open; }
  [[nodiscard]] std::uint32_t num_pending() const { return num_pending_; }
  // So many have left that what is left may be several components, with fewer links that matter.
  [[nodiscard]] bool sparse() const;
  [[nodiscard]] std::span<const std::uint32_t> platform_links() const { return platform_links_; }

  // For the owner: of its pending event.
  std::uint64_t generation = 0;
  double event_time = 0.0;

 private:
  // Values of Sharing::gone.
  enum State : std::uint8_t { kOpen, kPending, kEnded };
  struct TransferHere {
    std::uint32_t number;
    std::uint32_t open = 0;  // flows
    double longest = 0.0;    // time the last of them needs at present rates
  };
  void Touch(double now);
  void OpenFlow(std::uint32_t index);
  void AddLinks(const LinkSet& links, std::span<const double> capacity);
  void AddFlows(FlowTable& table, std::span<const FlowTag> flows, const LinkSet& links);
  void InvertPaths();
  void Compact(FlowTable& table);
  void Resize(std::size_t flows);
  void ForgetReported();
  std::uint32_t TransferNumber(std::uint32_t transfer);
  void Share(Fills& fills);
  [[nodiscard]] double SoonestEnd();
  [[nodiscard]] double WindowAfter(double soonest, double epsilon, const FlowTable& table);
  [[nodiscard]] double PortBound() const;
  double TakeBatch(double horizon);
  void Leave(std::uint32_t flow, double unsent);

  std::uint32_t number_ = 0;
  Sharing sharing_;
  std::uint32_t num_pending_ = 0;
  std::vector<FlowTag> tag_;             // by flow
  std::vector<double> remaining_;        // by flow, at solved_at_
  std::vector<double> rate_;             // by flow; 0 unless open
  std::vector<double> weight_;           // by flow; empty: all alike
  std::vector<double> time_left_;        // by flow, from solved_at_, at its rate
  std::vector<std::uint32_t> transfer_;  // by flow: number in transfers_
  std::vector<TransferHere> transfers_;
  std::vector<double> load_;  // by link: bytes still to cross it, of open and pending flows
  std::vector<double> used_;  // by link: sum of rates
  std::vector<std::uint32_t> platform_links_;
  std::vector<End> batch_;  // flows that leave at solve_time_, by end
  std::size_t batch_reported_ = 0;
  std::vector<End> leavers_;  // by end
  std::size_t leavers_reported_ = 0;
  std::vector<std::uint32_t> arrived_;  // flows still to be taken in
  double arrival_times_ = 0.0;          // their sum
  double arrivals_due_ = std::numeric_limits<double>::infinity();
  std::uint32_t built_for_ = 0;  // flows
  double solved_at_ = 0.0;
  double solve_time_ = 0.0;
  double window_ = 0.0;
  double peak_ = 0.0;
};

}  // namespace switchyard
