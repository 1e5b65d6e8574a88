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

// A lambda, so that sorting inlines it.
constexpr auto kEndsEarlier = [](const Component::End& a, const Component::End& b) {
  return a.time != b.time ? a.time < b.time : a.slot < b.slot;
};

}  // namespace

void Component::Build(const FlowTable& table, std::span<const std::uint32_t> slots, LinkSet& links,
                      std::span<const double> capacity, double peak) {
  links.Build(table, slots);
  AddLinks(links, capacity);
  AddFlows(table, slots, links);
  InvertPaths();
  batch_.clear();
  batch_reported_ = 0;
  leavers_.clear();
  leavers_reported_ = 0;
  built_for_ = sharing_.num_open;
  solve_time_ = kNever;
  const double bound = PortBound();
  peak_ = std::max(bound, std::min(peak, bound / kTail));
}

void Component::AddLinks(const LinkSet& links, std::span<const double> capacity) {
  platform_links_.clear();
  sharing_.capacity.clear();
  sharing_.open_flows.clear();
  load_.clear();
  for (const LinkSet::Entry& entry : links.links()) {
    platform_links_.push_back(entry.link);
    if (entry.index == LinkSet::kIrrelevant) continue;
    sharing_.capacity.push_back(capacity[entry.link]);
    sharing_.open_flows.push_back(entry.flows);
    load_.push_back(entry.bytes);
  }
}

void Component::AddFlows(const FlowTable& table, std::span<const std::uint32_t> slots,
                         const LinkSet& links) {
  slot_.assign(slots.begin(), slots.end());
  remaining_.clear();
  transfer_.clear();
  transfers_.clear();
  sharing_.flow_begin.assign(1, 0);
  sharing_.flow_links.clear();
  for (const std::uint32_t slot : slots) {
    remaining_.push_back(table.remaining(slot));
    transfer_.push_back(TransferNumber(table.tag(slot).transfer));
    for (const std::uint32_t link : links.path(transfer_.size() - 1)) {
      const std::uint32_t index = links.links()[link].index;
      if (index != LinkSet::kIrrelevant) sharing_.flow_links.push_back(index);
    }
    sharing_.flow_begin.push_back(static_cast<std::uint32_t>(sharing_.flow_links.size()));
  }
  sharing_.num_open = static_cast<std::uint32_t>(slots.size());
  Resize(slots.size());
}

// Fills the lists of flows by link; open_flows still holds the number of all.
void Component::InvertPaths() {
  std::vector<std::uint32_t>& begin = sharing_.link_begin;
  begin.assign(1, 0);
  for (const std::uint32_t flows : sharing_.open_flows) begin.push_back(begin.back() + flows);
  sharing_.link_flows.resize(sharing_.flow_links.size());
  for (std::size_t f = slot_.size(); f-- > 0;) {
    for (std::uint32_t i = sharing_.flow_begin[f]; i < sharing_.flow_begin[f + 1]; ++i) {
      // begin[l + 1] runs from the end of l's list to its beginning ...
      sharing_.link_flows[--begin[sharing_.flow_links[i] + 1]] = static_cast<std::uint32_t>(f);
    }
  }
  begin.erase(begin.begin());  // ... so that it ends one place too far right
  begin.push_back(static_cast<std::uint32_t>(sharing_.link_flows.size()));
}

std::uint32_t Component::TransferNumber(std::uint32_t id) {
  // Flows of one transfer come in runs, and few transfers are in flight at once.
  for (std::size_t t = transfers_.size(); t-- > 0;) {
    if (transfers_[t].id == id) return static_cast<std::uint32_t>(t);
  }
  transfers_.push_back({id});
  return static_cast<std::uint32_t>(transfers_.size() - 1);
}

bool Component::Carries(std::uint32_t transfer) const {
  return std::any_of(transfers_.begin(), transfers_.end(),
                     [transfer](const TransferHere& t) { return t.id == transfer; });
}

double Component::PortBound() const {
  double bound = 0.0;
  for (std::size_t l = 0; l < load_.size(); ++l) {
    bound = std::max(bound, load_[l] / sharing_.capacity[l]);
  }
  return bound;
}

void Component::Solve(double now, double epsilon, const TransferStarts& starts, MaxMinFill& fill) {
  fill.Solve(sharing_, rate_);
  used_.resize(load_.size());
  for (std::size_t l = 0; l < used_.size(); ++l) {
    used_[l] = sharing_.capacity[l] - fill.unused(l);
  }
  solved_at_ = now;
  const double soonest = SoonestEnd();
  window_ = std::max(kRounding * soonest, WindowAfter(soonest, epsilon, starts));
  solve_time_ = now + TakeBatch(soonest + window_);
  if (batch_.size() == sharing_.num_open) solve_time_ = kNever;  // nothing will be left to solve
}

double Component::SoonestEnd() {
  double soonest = kNever;
  for (std::size_t f = 0; f < rate_.size(); ++f) {
    if (sharing_.gone[f] != 0) continue;
    time_left_[f] = std::max(0.0, remaining_[f] / rate_[f]);
    soonest = std::min(soonest, time_left_[f]);
  }
  return soonest;
}

double Component::WindowAfter(double soonest, double epsilon, const TransferStarts& starts) {
  const double bound = PortBound();
  peak_ = std::max(peak_, bound);
  double window = epsilon * std::max(kTail * peak_, bound);
  if (epsilon == 0.0 || transfers_.size() == 1) return window;
  // A short transfer beside a long one: its flows' ends must not be lumped by the long one's scale.
  for (TransferHere& transfer : transfers_) transfer.longest = soonest;
  for (std::size_t f = 0; f < rate_.size(); ++f) {
    if (sharing_.gone[f] != 0) continue;
    double& longest = transfers_[transfer_[f]].longest;
    longest = std::max(longest, time_left_[f]);
  }
  for (const TransferHere& transfer : transfers_) {
    const double whole = solved_at_ - starts[transfer.id] + transfer.longest;
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
  for (std::uint32_t f = 0; f < rate_.size(); ++f) {
    if (sharing_.gone[f] != 0 || time_left_[f] > horizon) continue;
    batch_.push_back({solved_at_ + time_left_[f], slot_[f], f});
    rates += rate_[f];
    bytes += rate_[f] * time_left_[f];
  }
  std::sort(batch_.begin(), batch_.end(), kEndsEarlier);
  return bytes / rates;
}

double Component::next_time() const {
  double time = solve_time_;
  if (batch_reported_ < batch_.size()) time = std::min(time, batch_[batch_reported_].time);
  if (leavers_reported_ < leavers_.size()) time = std::min(time, leavers_[leavers_reported_].time);
  return time;
}

void Component::TakeEnded(double now, std::vector<std::uint32_t>& ended) {
  const auto take = [&](const std::vector<End>& ends, std::size_t& reported) {
    for (; reported < ends.size() && ends[reported].time <= now + kSameTime; ++reported) {
      ended.push_back(ends[reported].slot);
    }
  };
  take(leavers_, leavers_reported_);
  take(batch_, batch_reported_);
}

// `unsent`: what it has not sent by now, or less than 0 when it ended before.
void Component::Leave(std::uint32_t flow, double unsent) {
  sharing_.gone[flow] = 1;
  --sharing_.num_open;
  for (std::uint32_t i = sharing_.flow_begin[flow]; i < sharing_.flow_begin[flow + 1]; ++i) {
    const std::uint32_t link = sharing_.flow_links[i];
    --sharing_.open_flows[link];
    load_[link] -= unsent;
  }
}

void Component::Advance() {
  const double elapsed = solve_time_ - solved_at_;
  for (std::size_t f = 0; f < rate_.size(); ++f) remaining_[f] -= rate_[f] * elapsed;
  for (std::size_t l = 0; l < load_.size(); ++l) load_[l] -= used_[l] * elapsed;
  for (const End& end : batch_) Leave(end.flow, remaining_[end.flow]);
  leavers_.erase(leavers_.begin(),
                 leavers_.begin() + static_cast<std::ptrdiff_t>(leavers_reported_));
  leavers_reported_ = 0;
  AddLeavers(std::span<const End>(batch_).subspan(batch_reported_));
  batch_.clear();
  batch_reported_ = 0;
  solved_at_ = solve_time_;
  if (sharing_.num_open < kCompact * static_cast<double>(slot_.size())) Compact();
}

void Component::AddLeavers(std::span<const End> leavers) {
  leavers_.insert(leavers_.end(), leavers.begin(), leavers.end());
  std::sort(leavers_.begin() + static_cast<std::ptrdiff_t>(leavers_reported_), leavers_.end(),
            kEndsEarlier);
}

void Component::Dissolve(double now, FlowTable& table, std::vector<std::uint32_t>& slots) {
  const double elapsed = now - solved_at_;
  for (std::size_t i = 0; i < batch_reported_; ++i) sharing_.gone[batch_[i].flow] = 1;
  for (std::size_t f = 0; f < rate_.size(); ++f) {
    if (sharing_.gone[f] != 0) continue;
    table.remaining(slot_[f]) = std::max(0.0, remaining_[f] - rate_[f] * elapsed);
    slots.push_back(slot_[f]);
  }
  sharing_.num_open = 0;
  batch_.clear();
  batch_reported_ = 0;
  solve_time_ = kNever;
  leavers_.erase(leavers_.begin(),
                 leavers_.begin() + static_cast<std::ptrdiff_t>(leavers_reported_));
  leavers_reported_ = 0;
}

bool Component::sparse() const { return sharing_.num_open < kSparse * built_for_; }

// Moves the flows still there to the front.
void Component::Compact() {
  std::uint32_t kept = 0;
  std::uint32_t links_kept = 0;
  for (std::size_t f = 0; f < slot_.size(); ++f) {
    if (sharing_.gone[f] != 0) continue;
    slot_[kept] = slot_[f];
    remaining_[kept] = remaining_[f];
    transfer_[kept] = transfer_[f];
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
  slot_.resize(flows);
  remaining_.resize(flows);
  transfer_.resize(flows);
  rate_.resize(flows);
  time_left_.resize(flows);
  sharing_.flow_begin.resize(flows + 1);
  sharing_.gone.assign(flows, 0);
}

}  // namespace switchyard
