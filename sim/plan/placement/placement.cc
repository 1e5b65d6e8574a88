#include "sim/plan/placement/placement.h"

#include <set>
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
    std::set<std::uint32_t> ranks;
    for (const std::uint32_t slot : placement.SlotsOf(e)) {
      if (ranks.insert(placement.RankOf(slot)).second) continue;
      complain("rank " + std::to_string(placement.RankOf(slot)) + " holds expert " +
               std::to_string(e) + " twice");
    }
  }
  return problems;
}

}  // namespace switchyard
