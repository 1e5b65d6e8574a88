#include "sim/placement/placement.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {

Placement::Placement(std::uint32_t ranks, std::uint32_t slots_per_rank, std::uint32_t num_experts,
                     std::vector<ExpertIndex> expert_of_slot)
    : ranks_(ranks),
      slots_per_rank_(slots_per_rank),
      expert_of_slot_(std::move(expert_of_slot)),
      first_replica_(std::size_t{num_experts} + 1) {
  SWITCHYARD_CHECK(expert_of_slot_.size() == std::size_t{ranks} * slots_per_rank,
                   "a placement has ranks x slots_per_rank slots");
  for (const ExpertIndex e : expert_of_slot_) {
    if (e == kNoExpert) continue;
    SWITCHYARD_CHECK(e < num_experts, "a slot holds an expert that does not exist");
    ++first_replica_[e + 1u];
  }
  for (std::uint32_t e = 0; e < num_experts; ++e) {
    unique_ = unique_ && first_replica_[e + 1] == 1;
    first_replica_[e + 1] += first_replica_[e];
  }
  replicas_.resize(first_replica_.back());
  std::vector<std::uint32_t> next(first_replica_.begin(), first_replica_.end() - 1);
  for (std::uint32_t slot = 0; slot < expert_of_slot_.size(); ++slot) {
    const ExpertIndex e = expert_of_slot_[slot];
    if (e != kNoExpert) replicas_[next[e]++] = slot;
  }
}

SlotTable::SlotTable(const Placement& placement) : placement_(placement) { Fill(0); }

void SlotTable::SelectSender(std::uint32_t sender) {
  if (!placement_.unique()) Fill(sender);
}

void SlotTable::Fill(std::uint32_t sender) {
  const std::size_t experts = placement_.num_experts();
  slots_.resize(experts);
  ranks_.resize(experts);
  for (std::uint32_t e = 0; e < experts; ++e) {
    slots_[e] = placement_.SlotFor(e, sender);
    ranks_[e] = static_cast<std::uint16_t>(placement_.RankOf(slots_[e]));
  }
}

Diagnostics Verify(const Placement& placement, std::uint32_t num_experts) {
  Diagnostics problems;
  const auto complain = [&](std::string what) { problems.push_back(Problem(std::move(what))); };
  if (placement.num_experts() != num_experts) {
    complain("the placement is of " + std::to_string(placement.num_experts()) + " experts, not " +
             std::to_string(num_experts));
    return problems;
  }
  for (std::uint32_t e = 0; e < num_experts; ++e) {
    if (placement.SlotsOf(e).empty()) {
      complain("expert " + std::to_string(e) + " is on no rank");
    }
  }
  return problems;
}

namespace {

// The experts of each rank in order, kNoExpert left out: [ranks] sorted lists, one after the other.
std::vector<std::vector<ExpertIndex>> ExpertsOfRanks(const Placement& placement) {
  std::vector<std::vector<ExpertIndex>> of_rank(placement.ranks());
  for (std::uint32_t slot = 0; slot < placement.num_slots(); ++slot) {
    const ExpertIndex e = placement.expert_of_slot()[slot];
    if (e != kNoExpert) of_rank[placement.RankOf(slot)].push_back(e);
  }
  for (std::vector<ExpertIndex>& experts : of_rank) std::sort(experts.begin(), experts.end());
  return of_rank;
}

}  // namespace

std::uint32_t WastedSlots(const Placement& placement) {
  std::uint32_t wasted = 0;
  for (const std::vector<ExpertIndex>& experts : ExpertsOfRanks(placement)) {
    for (std::size_t i = 1; i < experts.size(); ++i) wasted += experts[i] == experts[i - 1] ? 1 : 0;
  }
  return wasted;
}

std::uint32_t SlotsMoved(const Placement& from, const Placement& to) {
  SWITCHYARD_CHECK(from.ranks() == to.ranks(), "placements of different numbers of ranks");
  const auto before = ExpertsOfRanks(from);
  auto after = ExpertsOfRanks(to);
  std::uint32_t moved = 0;
  for (std::uint32_t r = 0; r < to.ranks(); ++r) {
    after[r].erase(std::unique(after[r].begin(), after[r].end()), after[r].end());
    for (const ExpertIndex e : after[r]) {
      moved += std::binary_search(before[r].begin(), before[r].end(), e) ? 0 : 1;
    }
  }
  return moved;
}

}  // namespace switchyard
