#include "sim/engine/flow/component.h"

#include <algorithm>
#include <limits>

namespace switchyard {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// Windows do not shrink below this part of what they are at the start.
constexpr double kTail = 0.05;
// Relative: ends this close differ by rounding only; equal flows end together in exact mode too.
constexpr double kRounding = 1e-10;
// Flows that have gone are dropped from the lists when fewer than this share is left.
constexpr double kCompact = 0.7;
// A component is regrouped when fewer than this share of the flows it was built for are left.
constexpr double kSparse = 0.25;
// What a flow that has ended still has to send, at rate 0: any amount but none.
constexpr double kGoneBytes = 1.0;

// A lambda, so that sorting inlines it.
constexpr auto kEndsEarlier = [](const Component::End& a, const Component::End& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.tag.transfer != b.tag.transfer) return a.tag.transfer < b.tag.transfer;
  return a.tag.flow < b.tag.flow;
};

}  // namespace

void Component::Build(std::uint32_t number, FlowTable& table, std::span<const FlowTag> flows,
                      const Ground& ground) {
  number_ = number;
  solved_at_ = ground.now;
  solve_time_ = kNever;
  ground.links.Build(table, flows);
  AddLinks(ground.links, ground.capacity);
  AddFlows(table, flows, ground.links);
  InvertPaths();
  batch_.clear();
  batch_reported_ = 0;
  leavers_.clear();
  leavers_reported_ = 0;
  built_for_ = static_cast<std::uint32_t>(flows.size());
  const double bound = PortBound();
  peak_ = std::max(bound, std::min(ground.peak, bound / kTail));
}

void Component::AddLinks(const LinkSet& links, std::span<const double> capacity) {
  platform_links_.clear();
  sharing_.capacity.clear();
  load_.clear();
  for (const LinkSet::Entry& entry : links.links()) {
    platform_links_.push_back(entry.link);
    if (entry.index == LinkSet::kIrrelevant) continue;
    sharing_.capacity.push_back(capacity[entry.link]);
    load_.push_back(entry.bytes);
  }
  sharing_.open_flows.assign(load_.size(), 0);
}

void Component::AddFlows(FlowTable& table, std::span<const FlowTag> flows, const LinkSet& links) {
  Resize(flows.size());
  tag_.assign(flows.begin(), flows.end());
  weight_.resize(flows.size());
  transfers_.clear();
  num_pending_ = 0;
  sharing_.flow_begin.assign(1, 0);
  sharing_.flow_links.clear();
  for (std::uint32_t f = 0; f < flows.size(); ++f) {
    const FlowTag flow = flows[f];
    const bool pending = table.is_pending(flow);
    num_pending_ += pending ? 1 : 0;
    sharing_.gone[f] = pending ? kPending : kOpen;
    rate_[f] = 0.0;
    remaining_[f] = table.remaining(flow);
    weight_[f] = table.weight(flow);
    transfer_[f] = TransferNumber(flow.transfer);
    transfers_[transfer_[f]].open += pending ? 0 : 1;
    table.place(flow) = {number_, f};
    for (const std::uint32_t link : links.path(f)) {
      const std::uint32_t index = links.links()[link].index;
      if (index == LinkSet::kIrrelevant) continue;
      sharing_.flow_links.push_back(index);
      sharing_.open_flows[index] += pending ? 0 : 1;
    }
    sharing_.flow_begin.push_back(static_cast<std::uint32_t>(sharing_.flow_links.size()));
  }
  sharing_.num_open = static_cast<std::uint32_t>(flows.size()) - num_pending_;
  const bool alike = std::all_of(weight_.begin(), weight_.end(),
                                 [this](double weight) { return weight == weight_.front(); });
  if (alike) weight_.clear();
}

// Fills the lists of flows by link.
void Component::InvertPaths() {
  std::vector<std::uint32_t>& begin = sharing_.link_begin;
  begin.assign(sharing_.num_links() + 2, 0);
  for (const std::uint32_t link : sharing_.flow_links) ++begin[link + 2];
  for (std::size_t l = 2; l < begin.size(); ++l) begin[l] += begin[l - 1];
  sharing_.link_flows.resize(sharing_.flow_links.size());
  for (std::uint32_t f = 0; f < tag_.size(); ++f) {
    for (std::uint32_t i = sharing_.flow_begin[f]; i < sharing_.flow_begin[f + 1]; ++i) {
      // begin[l + 1] runs from the beginning of l's list to its end, where l + 1's begins.
      sharing_.link_flows[begin[sharing_.flow_links[i] + 1]++] = f;
    }
  }
  begin.pop_back();
}

std::uint32_t Component::TransferNumber(std::uint32_t transfer) {
  // Flows of one transfer come in runs, and few transfers are in flight at once.
  for (std::size_t t = transfers_.size(); t-- > 0;) {
    if (transfers_[t].number == transfer) return static_cast<std::uint32_t>(t);
  }
  transfers_.push_back({transfer});
  return static_cast<std::uint32_t>(transfers_.size() - 1);
}

double Component::PortBound() const {
  double bound = 0.0;
  for (std::size_t l = 0; l < load_.size(); ++l) {
    bound = std::max(bound, load_[l] / sharing_.capacity[l]);
  }
  return bound;
}

// Brings every flow up to `now`; those reported leave.
void Component::Touch(double now) {
  const double elapsed = now - solved_at_;
  if (elapsed > 0.0) {
    for (std::size_t l = 0; l < load_.size(); ++l) load_[l] -= used_[l] * elapsed;
    for (std::size_t f = 0; f < rate_.size(); ++f) remaining_[f] -= rate_[f] * elapsed;
  }
  for (std::size_t i = 0; i < batch_reported_; ++i) {
    Leave(batch_[i].flow, remaining_[batch_[i].flow]);
  }
  for (std::size_t f = 0; f < rate_.size(); ++f) remaining_[f] = std::max(0.0, remaining_[f]);
  batch_.clear();
  batch_reported_ = 0;
  ForgetReported();
  solved_at_ = now;
  solve_time_ = kNever;
}

void Component::Arrive(std::uint32_t index, double now, double due) {
  arrived_.push_back(index);
  arrival_times_ += now;
  arrivals_due_ = std::min(arrivals_due_, due);
}

void Component::OpenArrived() {
  const double mean = arrival_times_ / static_cast<double>(arrived_.size());
  Touch(std::max(solved_at_, mean));
  for (const std::uint32_t flow : arrived_) OpenFlow(flow);
  arrived_.clear();
  arrival_times_ = 0.0;
  arrivals_due_ = kNever;
}

void Component::ForgetReported() {
  leavers_.erase(leavers_.begin(),
                 leavers_.begin() + static_cast<std::ptrdiff_t>(leavers_reported_));
  leavers_reported_ = 0;
}

void Component::OpenFlow(std::uint32_t index) {
  sharing_.gone[index] = kOpen;
  ++sharing_.num_open;
  --num_pending_;
  ++transfers_[transfer_[index]].open;
  for (std::uint32_t i = sharing_.flow_begin[index]; i < sharing_.flow_begin[index + 1]; ++i) {
    ++sharing_.open_flows[sharing_.flow_links[i]];
  }
}

void Component::Solve(double epsilon, const FlowTable& table, Fills& fills) {
  solve_time_ = kNever;
  used_.assign(load_.size(), 0.0);
  if (sharing_.num_open == 0) return;  // all that is left has not started
  Share(fills);
  const double soonest = SoonestEnd();
  window_ = std::max(kRounding * soonest, WindowAfter(soonest, epsilon, table));
  solve_time_ = solved_at_ + TakeBatch(soonest + window_);
  if (batch_.size() == sharing_.num_open) solve_time_ = kNever;  // nothing will be left to solve
}

// Rates of the open flows, and what links carry with them.
void Component::Share(Fills& fills) {
  const auto take = [this](const auto& fill) {
    for (std::size_t l = 0; l < used_.size(); ++l) {
      used_[l] = sharing_.capacity[l] - fill.unused(l);
    }
  };
  if (weight_.empty()) {
    fills.equal.Solve(sharing_, rate_);
    take(fills.equal);
  } else {
    fills.weighted.Solve(sharing_, weight_, rate_);
    take(fills.weighted);
  }
}

double Component::SoonestEnd() {
  // Without branches: what is not open has rate 0 and bytes left, so it never ends.
  double* const left = time_left_.data();
  const double* const remaining = remaining_.data();
  const double* const rate = rate_.data();
  const std::size_t flows = rate_.size();
  for (std::size_t f = 0; f < flows; ++f) left[f] = remaining[f] / rate[f];
  // Four minima side by side: each addition to one would wait for the last.
  double soonest[4] = {kNever, kNever, kNever, kNever};
  std::size_t f = 0;
  for (; f + 4 <= flows; f += 4) {
    for (std::size_t i = 0; i < 4; ++i) soonest[i] = std::min(soonest[i], left[f + i]);
  }
  for (; f < flows; ++f) soonest[0] = std::min(soonest[0], left[f]);
  return std::min(std::min(soonest[0], soonest[1]), std::min(soonest[2], soonest[3]));
}

double Component::WindowAfter(double soonest, double epsilon, const FlowTable& table) {
  const double bound = PortBound();
  peak_ = std::max(peak_, bound);
  // Flows that have not started need no time yet.
  const double started = sharing_.num_open / (1.0 * sharing_.num_open + num_pending_);
  double window = epsilon * std::max(kTail * peak_, bound * started);
  const auto in_flight = std::count_if(transfers_.begin(), transfers_.end(),
                                       [](const TransferHere& t) { return t.open > 0; });
  if (epsilon == 0.0 || in_flight == 1) return window;
  // A short transfer beside a long one: its flows' ends must not be lumped by the long one's scale.
  for (TransferHere& transfer : transfers_) transfer.longest = soonest;
  for (std::size_t f = 0; f < rate_.size(); ++f) {
    if (time_left_[f] == kNever) continue;
    double& longest = transfers_[transfer_[f]].longest;
    longest = std::max(longest, time_left_[f]);
  }
  for (const TransferHere& transfer : transfers_) {
    if (transfer.open == 0) continue;
    const double whole = solved_at_ - table.start(transfer.number) + transfer.longest;
    window = std::min(window, epsilon * std::max(kTail * whole, transfer.longest));
  }
  return window;
}

// Collects the flows that end within `horizon`; returns when they leave, both from solved_at_.
double Component::TakeBatch(double horizon) {
  batch_.clear();
  batch_reported_ = 0;
  double rates = 0.0;
  double bytes = 0.0;
  const auto take = [&](std::uint32_t f) {
    if (time_left_[f] > horizon) return;
    batch_.push_back({solved_at_ + time_left_[f], tag_[f], f});
    rates += rate_[f];
    bytes += rate_[f] * time_left_[f];
  };
  // Few of many flows end soon: whole blocks are passed over at once.
  constexpr std::uint32_t kBlock = 8;
  const auto flows = static_cast<std::uint32_t>(rate_.size());
  std::uint32_t f = 0;
  for (; f + kBlock <= flows; f += kBlock) {
    const double* const left = time_left_.data() + f;
    const double first = std::min(std::min(left[0], left[1]), std::min(left[2], left[3]));
    const double second = std::min(std::min(left[4], left[5]), std::min(left[6], left[7]));
    if (std::min(first, second) > horizon) continue;
    for (std::uint32_t i = f; i < f + kBlock; ++i) take(i);
  }
  for (; f < flows; ++f) take(f);
  std::sort(batch_.begin(), batch_.end(), kEndsEarlier);
  return bytes / rates;
}

double Component::next_time() const {
  double time = std::min(solve_time_, arrivals_due_);
  if (batch_reported_ < batch_.size()) time = std::min(time, batch_[batch_reported_].time);
  if (leavers_reported_ < leavers_.size()) time = std::min(time, leavers_[leavers_reported_].time);
  return time;
}

void Component::TakeEnded(double now, std::vector<FlowTag>& ended) {
  const auto take = [&](const std::vector<End>& ends, std::size_t& reported) {
    for (; reported < ends.size() && ends[reported].time <= now + kSameTime; ++reported) {
      ended.push_back(ends[reported].tag);
    }
  };
  take(leavers_, leavers_reported_);
  take(batch_, batch_reported_);
}

// `unsent`: what it has not sent by now, or less than 0 when it ended before.
void Component::Leave(std::uint32_t flow, double unsent) {
  sharing_.gone[flow] = kEnded;
  rate_[flow] = 0.0;
  remaining_[flow] = kGoneBytes;
  --sharing_.num_open;
  --transfers_[transfer_[flow]].open;
  for (std::uint32_t i = sharing_.flow_begin[flow]; i < sharing_.flow_begin[flow + 1]; ++i) {
    const std::uint32_t link = sharing_.flow_links[i];
    --sharing_.open_flows[link];
    load_[link] -= unsent;
  }
}

void Component::Advance(FlowTable& table) {
  const double elapsed = solve_time_ - solved_at_;
  for (std::size_t f = 0; f < rate_.size(); ++f) remaining_[f] -= rate_[f] * elapsed;
  for (std::size_t l = 0; l < load_.size(); ++l) load_[l] -= used_[l] * elapsed;
  for (const End& end : batch_) Leave(end.flow, remaining_[end.flow]);
  ForgetReported();
  AddLeavers(std::span<const End>(batch_).subspan(batch_reported_));
  batch_.clear();
  batch_reported_ = 0;
  solved_at_ = solve_time_;
  if (!arrived_.empty()) OpenArrived();
  const double left = sharing_.num_open + num_pending_;
  if (left < kCompact * static_cast<double>(tag_.size())) Compact(table);
}

void Component::AddLeavers(std::span<const End> leavers) {
  leavers_.insert(leavers_.end(), leavers.begin(), leavers.end());
  std::sort(leavers_.begin() + static_cast<std::ptrdiff_t>(leavers_reported_), leavers_.end(),
            kEndsEarlier);
}

void Component::Dissolve(double now, FlowTable& table, std::vector<FlowTag>& flows) {
  if (!arrived_.empty()) OpenArrived();
  Touch(now);
  for (std::size_t f = 0; f < tag_.size(); ++f) {
    if (sharing_.gone[f] == kEnded) continue;
    table.remaining(tag_[f]) = remaining_[f];
    table.pending(tag_[f]) = sharing_.gone[f] == kPending ? 1 : 0;
    flows.push_back(tag_[f]);
  }
  Resize(0);
  sharing_.num_open = 0;
  num_pending_ = 0;
}

bool Component::sparse() const {
  return sharing_.num_open + num_pending_ < kSparse * static_cast<double>(built_for_);
}

// Moves the flows still there to the front.
void Component::Compact(FlowTable& table) {
  std::uint32_t kept = 0;
  std::uint32_t links_kept = 0;
  for (std::size_t f = 0; f < tag_.size(); ++f) {
    const std::uint8_t state = sharing_.gone[f];
    if (state == kEnded) continue;
    tag_[kept] = tag_[f];
    remaining_[kept] = remaining_[f];
    rate_[kept] = rate_[f];
    if (!weight_.empty()) weight_[kept] = weight_[f];
    transfer_[kept] = transfer_[f];
    sharing_.gone[kept] = state;
    table.place(tag_[f]) = {number_, kept};
    const std::uint32_t end = sharing_.flow_begin[f + 1];
    for (std::uint32_t i = sharing_.flow_begin[f]; i < end; ++i) {
      sharing_.flow_links[links_kept++] = sharing_.flow_links[i];
    }
    // Not before flow_begin[f] has been read: kept <= f.
    sharing_.flow_begin[++kept] = links_kept;
  }
  Resize(kept);
  sharing_.flow_links.resize(links_kept);
  InvertPaths();
}

void Component::Resize(std::size_t flows) {
  tag_.resize(flows);
  remaining_.resize(flows);
  transfer_.resize(flows);
  rate_.resize(flows);
  time_left_.resize(flows);
  if (!weight_.empty()) weight_.resize(flows);
  sharing_.flow_begin.resize(flows + 1);
  sharing_.gone.resize(flows);
}

}  // namespace switchyard
