#include "sim/placement/windows/move_score.h"

#include <algorithm>
#include <numeric>

namespace switchyard {

MoveScore::MoveScore(const PlacementShape& shape, const Scenarios& scenarios)
    : shape_(shape),
      scenarios_(scenarios),
      slots_of_(shape.experts),
      rank_loads_(std::size_t{scenarios.size()} * shape.ranks),
      rank_order_(rank_loads_.size()),
      scenario_order_(scenarios.size()),
      extra_(shape.ranks),
      touched_(shape.ranks) {}

void MoveScore::SetBase(std::span<const ExpertIndex> expert_of_slot) {
  expert_of_slot_.assign(expert_of_slot.begin(), expert_of_slot.end());
  for (auto& slots : slots_of_) slots.clear();
  for (std::uint32_t s = 0; s < expert_of_slot.size(); ++s) {
    if (expert_of_slot[s] != kNoExpert) slots_of_[expert_of_slot[s]].push_back(s);
  }
  std::fill(rank_loads_.begin(), rank_loads_.end(), 0.0);
  base_ = 0;
  for (std::uint32_t i = 0; i < scenarios_.size(); ++i) {
    double* const loads = rank_loads_.data() + std::size_t{i} * shape_.ranks;
    for (std::uint32_t e = 0; e < shape_.experts; ++e) {
      const double share = scenarios_.At(i)[e] / static_cast<double>(slots_of_[e].size());
      for (const std::uint32_t s : slots_of_[e]) loads[RankOf(s)] += share;
    }
    SortRanks(i);
    base_ += scenarios_.Weight(i) * loads[rank_order_[std::size_t{i} * shape_.ranks]];
  }
  std::iota(scenario_order_.begin(), scenario_order_.end(), 0U);
  const auto hardness = [&](std::uint32_t i) {
    return RankLoads(i)[rank_order_[std::size_t{i} * shape_.ranks]];
  };
  std::stable_sort(scenario_order_.begin(), scenario_order_.end(),
                   [&](auto a, auto b) { return hardness(a) > hardness(b); });
}

void MoveScore::SortRanks(std::uint32_t scenario) {
  const auto first = rank_order_.begin() + static_cast<std::ptrdiff_t>(scenario) * shape_.ranks;
  std::iota(first, first + shape_.ranks, 0U);
  const double* const loads = RankLoads(scenario);
  std::stable_sort(first, first + shape_.ranks,
                   [&](auto a, auto b) { return loads[a] > loads[b]; });
}

std::vector<std::uint32_t> MoveScore::HottestRanks(std::size_t count) const {
  std::vector<double> weight(shape_.ranks);
  for (std::uint32_t i = 0; i < scenarios_.size(); ++i) {
    weight[rank_order_[std::size_t{i} * shape_.ranks]] += scenarios_.Weight(i);
  }
  std::vector<std::uint32_t> ranks;
  for (std::uint32_t r = 0; r < shape_.ranks; ++r) {
    if (weight[r] > 0) ranks.push_back(r);
  }
  std::stable_sort(ranks.begin(), ranks.end(),
                   [&](auto a, auto b) { return weight[a] > weight[b]; });
  ranks.resize(std::min(ranks.size(), count));
  return ranks;
}

double MoveScore::OfSwap(std::uint32_t a, std::uint32_t b, double limit) {
  const std::uint32_t e = expert_of_slot_[a];
  const std::uint32_t f = expert_of_slot_[b];
  if (e != kNoExpert) {
    const double share = 1.0 / static_cast<double>(slots_of_[e].size());
    AddTerm(a, e, -share);
    AddTerm(b, e, share);
  }
  if (f != kNoExpert) {
    const double share = 1.0 / static_cast<double>(slots_of_[f].size());
    AddTerm(b, f, -share);
    AddTerm(a, f, share);
  }
  return Judge(limit);
}

double MoveScore::OfTransfer(std::uint32_t slot, std::uint32_t expert, double limit) {
  const std::uint32_t before = expert_of_slot_[slot];
  if (before != kNoExpert) {
    const auto replicas = static_cast<double>(slots_of_[before].size());
    AddReplicas(before, 1 / (replicas - 1) - 1 / replicas);
    AddTerm(slot, before, -1 / (replicas - 1));
  }
  const auto replicas = static_cast<double>(slots_of_[expert].size());
  AddReplicas(expert, 1 / (replicas + 1) - 1 / replicas);
  AddTerm(slot, expert, 1 / (replicas + 1));
  return Judge(limit);
}

void MoveScore::AddTerm(std::uint32_t slot, std::uint32_t expert, double share) {
  const std::uint32_t rank = RankOf(slot);
  terms_.push_back({rank, expert, share});
  if (touched_[rank] != 0) return;
  touched_[rank] = 1;
  touched_ranks_.push_back(rank);
}

void MoveScore::AddReplicas(std::uint32_t expert, double share) {
  for (const std::uint32_t slot : slots_of_[expert]) AddTerm(slot, expert, share);
}

double MoveScore::Judge(double limit) {
  double mean = 1;  // as if every scenario were balanced
  for (const std::uint32_t i : scenario_order_) {
    mean += scenarios_.Weight(i) * (MaxLoad(i) - 1);
    if (mean > limit) break;
  }
  for (const std::uint32_t rank : touched_ranks_) touched_[rank] = 0;
  touched_ranks_.clear();
  terms_.clear();
  return mean;
}

// Of the touched ranks, and of the others the first in order.
double MoveScore::MaxLoad(std::uint32_t scenario) {
  const std::span<const double> expert_loads = scenarios_.At(scenario);
  const double* const loads = RankLoads(scenario);
  for (const std::uint32_t rank : touched_ranks_) extra_[rank] = 0;
  for (const Term& term : terms_) extra_[term.rank] += term.share * expert_loads[term.expert];
  double most = 0;
  for (const std::uint32_t rank : touched_ranks_) {
    most = std::max(most, loads[rank] + extra_[rank]);
  }
  const std::uint32_t* rank = rank_order_.data() + std::size_t{scenario} * shape_.ranks;
  for (std::uint32_t left = shape_.ranks; left > 0; --left, ++rank) {
    if (touched_[*rank] == 0) return std::max(most, loads[*rank]);
  }
  return most;
}

}  // namespace switchyard
