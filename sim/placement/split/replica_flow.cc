#include "sim/placement/split/replica_flow.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Sums of doubles are rounded; a rank this much (of all load) above the limit is not above it.
constexpr double kRoundingShare = 1e-13;
// Each sweep takes every replicated expert up and pours it over the ranks anew.
constexpr int kSweeps = 2;

template <typename Load>
Load DivideUp(Load sum, std::size_t parts) {
  const Load divisor = static_cast<Load>(parts);
  if constexpr (std::is_integral_v<Load>) return (sum + divisor - 1) / divisor;
  return sum / divisor;
}

}  // namespace

template <typename Load>
void ReplicaFlow<Load>::Reset(const Placement& placement) {
  Reset(placement.ranks(), placement.num_experts(), placement.expert_of_slot());
}

template <typename Load>
void ReplicaFlow<Load>::Reset(std::uint32_t ranks, std::uint32_t experts,
                              std::span<const ExpertIndex> expert_of_slot) {
  const auto slots = static_cast<std::uint32_t>(expert_of_slot.size());
  const std::uint32_t per_rank = ranks == 0 ? 0 : slots / ranks;
  ranks_ = ranks;
  first_slot_.assign(experts + 1, 0);
  for (const ExpertIndex e : expert_of_slot) first_slot_[e == kNoExpert ? 0 : e + 1u] += 1;
  first_slot_[0] = 0;
  replicated_.clear();
  for (std::uint32_t e = 0; e < experts; ++e) {
    SWITCHYARD_CHECK(first_slot_[e + 1] > 0, "an expert is on no rank");
    if (first_slot_[e + 1] > 1) replicated_.push_back(e);
    first_slot_[e + 1] += first_slot_[e];
  }
  slots_.resize(first_slot_[experts]);
  rank_of_slot_.resize(slots);
  expert_of_slot_.resize(slots);
  order_.assign(first_slot_.begin(), first_slot_.end() - 1);  // where each expert's next slot goes
  for (std::uint32_t s = 0; s < slots; ++s) {
    rank_of_slot_[s] = s / per_rank;
    expert_of_slot_[s] = expert_of_slot[s];
    if (expert_of_slot[s] != kNoExpert) slots_[order_[expert_of_slot[s]]++] = s;
  }
  first_shared_.assign(1, 0);
  shared_.clear();
  for (std::uint32_t s = 0; s < slots; ++s) {
    const bool shared = expert_of_slot[s] != kNoExpert && SlotsOf(expert_of_slot[s]).size() > 1;
    if (shared) shared_.push_back(s);
    if ((s + 1) % per_rank == 0)
      first_shared_.push_back(static_cast<std::uint32_t>(shared_.size()));
  }
  served_.resize(slots);
  rank_loads_.resize(ranks);
  bottleneck_.resize(ranks);
  reached_.resize(ranks);
  from_slot_.resize(ranks);
  to_slot_.resize(ranks);
  expanded_.resize(experts);
}

template <typename Load>
Load ReplicaFlow<Load>::Solve(std::span<const Load> loads) {
  SWITCHYARD_CHECK(loads.size() + 1 == first_slot_.size(), "one load for each expert");
  PlaceUnique(loads);
  Load limit = LowerBound(loads);
  PourReplicated(loads);
  while (!PushToLimit(limit)) {
    const Load bound = BoundOfReached();
    bottleneck_.assign(reached_.begin(), reached_.end());
    if (bound <= limit + tolerance_) break;  // above it by rounding alone
    limit = bound;
  }
  return limit;
}

// Experts in one slot have no choice.
template <typename Load>
void ReplicaFlow<Load>::PlaceUnique(std::span<const Load> loads) {
  std::fill(served_.begin(), served_.end(), Load{0});
  std::fill(rank_loads_.begin(), rank_loads_.end(), Load{0});
  for (std::uint32_t e = 0; e < loads.size(); ++e) {
    if (SlotsOf(e).size() > 1) continue;
    const std::uint32_t slot = SlotsOf(e).front();
    served_[slot] = loads[e];
    rank_loads_[rank_of_slot_[slot]] += loads[e];
  }
}

// The formula of the header for A = all ranks and for every A = one rank.
template <typename Load>
Load ReplicaFlow<Load>::LowerBound(std::span<const Load> loads) {
  const Load total = std::accumulate(loads.begin(), loads.end(), Load{0});
  tolerance_ = static_cast<Load>(static_cast<double>(total) * kRoundingShare);
  if constexpr (std::is_integral_v<Load>) tolerance_ = 0;
  const Load mean = DivideUp(total, ranks_);
  const auto fullest = std::max_element(rank_loads_.begin(), rank_loads_.end());
  if (*fullest <= mean) {
    std::fill(bottleneck_.begin(), bottleneck_.end(), std::uint8_t{1});
    return mean;
  }
  std::fill(bottleneck_.begin(), bottleneck_.end(), std::uint8_t{0});
  bottleneck_[static_cast<std::size_t>(fullest - rank_loads_.begin())] = 1;
  return *fullest;
}

// A good start: each expert in turn fills the valleys that the others leave.
template <typename Load>
void ReplicaFlow<Load>::PourReplicated(std::span<const Load> loads) {
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    for (const std::uint32_t e : replicated_) Pour(e, loads[e]);
  }
}

template <typename Load>
void ReplicaFlow<Load>::Pour(std::uint32_t expert, Load load) {
  const std::span<const std::uint32_t> slots = SlotsOf(expert);
  for (const std::uint32_t s : slots) rank_loads_[rank_of_slot_[s]] -= served_[s];
  order_.assign(slots.begin(), slots.end());
  const auto rank_load = [&](std::uint32_t slot) { return rank_loads_[rank_of_slot_[slot]]; };
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return rank_load(a) < rank_load(b) || (rank_load(a) == rank_load(b) && a < b);
  });
  // The lowest `filled` ranks rise to one level: (their loads + load) / filled.
  Load sum = load + rank_load(order_[0]);
  std::size_t filled = 1;
  while (filled < order_.size() && rank_load(order_[filled]) * static_cast<Load>(filled) < sum) {
    sum += rank_load(order_[filled++]);
  }
  const Load level = sum / static_cast<Load>(filled);
  Load left = load;  // integers: those whom the division leaves over go to the last rank
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::uint32_t s = order_[i];
    Load share = 0;
    if (i + 1 == filled) share = left;
    if (i + 1 < filled) share = std::clamp(level - rank_load(s), Load{0}, left);
    served_[s] = share;
    left -= share;
  }
  for (const std::uint32_t s : slots) rank_loads_[rank_of_slot_[s]] += served_[s];
}

// Whether no rank is above the limit any more; if not, reached_ is the set that proves it.
template <typename Load>
bool ReplicaFlow<Load>::PushToLimit(Load limit) {
  while (true) {
    Search(limit);
    if (queue_.empty()) return true;
    bool pushed = false;
    for (const std::uint32_t rank : queue_) pushed = PushAlong(rank, limit) || pushed;
    if (!pushed) return false;
  }
}

// Breadth first from all ranks above the limit: over the slots that serve something there, to the
// other replicas of their experts.
template <typename Load>
void ReplicaFlow<Load>::Search(Load limit) {
  queue_.clear();
  std::fill(reached_.begin(), reached_.end(), std::uint8_t{0});
  std::fill(expanded_.begin(), expanded_.end(), std::uint8_t{0});
  for (std::uint32_t r = 0; r < ranks_; ++r) {
    if (rank_loads_[r] <= limit + tolerance_) continue;
    reached_[r] = 1;
    from_slot_[r] = kNone;
    queue_.push_back(r);
  }
  for (std::size_t next = 0; next < queue_.size(); ++next) {
    const std::uint32_t rank = queue_[next];
    for (std::uint32_t i = first_shared_[rank]; i < first_shared_[rank + 1]; ++i) {
      const std::uint32_t slot = shared_[i];
      const std::uint32_t expert = expert_of_slot_[slot];
      if (served_[slot] > tolerance_ && expanded_[expert] == 0) VisitRanksOf(expert, slot);
    }
  }
}

template <typename Load>
void ReplicaFlow<Load>::VisitRanksOf(std::uint32_t expert, std::uint32_t from_slot) {
  expanded_[expert] = 1;
  for (const std::uint32_t to : SlotsOf(expert)) {
    const std::uint32_t rank = rank_of_slot_[to];
    if (reached_[rank] != 0) continue;
    reached_[rank] = 1;
    from_slot_[rank] = from_slot;
    to_slot_[rank] = to;
    queue_.push_back(rank);
  }
}

// As much as the path to `rank` lets through; earlier paths of the same search may have used it up.
template <typename Load>
bool ReplicaFlow<Load>::PushAlong(std::uint32_t rank, Load limit) {
  Load amount = limit - rank_loads_[rank];
  std::uint32_t at = rank;
  while (amount > tolerance_ && from_slot_[at] != kNone) {
    amount = std::min(amount, served_[from_slot_[at]]);
    at = rank_of_slot_[from_slot_[at]];
  }
  if (amount > tolerance_) amount = std::min(amount, rank_loads_[at] - limit);
  if (amount <= tolerance_) return false;
  rank_loads_[rank] += amount;
  rank_loads_[at] -= amount;
  for (at = rank; from_slot_[at] != kNone; at = rank_of_slot_[from_slot_[at]]) {
    served_[from_slot_[at]] -= amount;
    served_[to_slot_[at]] += amount;
  }
  return true;
}

// What the reached ranks serve has no replica elsewhere: their mean is a lower bound.
template <typename Load>
Load ReplicaFlow<Load>::BoundOfReached() {
  Load sum = 0;
  for (const std::uint32_t rank : queue_) sum += rank_loads_[rank];
  return DivideUp(sum, queue_.size());
}

template class ReplicaFlow<double>;
template class ReplicaFlow<std::int64_t>;

}  // namespace switchyard
