#include "kernels/reference/slots_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "kernels/core/philox.h"

namespace switchyard::kernels::reference {
namespace {

struct Choice {
  std::uint32_t token;
  std::uint32_t rank;  // 0 = the token's best
  std::uint16_t expert;
  float priority;            // larger is served first
  std::uint32_t draw;        // kRandom
  std::uint32_t queue_rank;  // which pass over the tokens serves it
};

// NaN is below everything.
bool Larger(float a, float b) {
  if (std::isnan(a)) return false;
  return std::isnan(b) || a > b;
}

bool SameFloat(float a, float b) { return !Larger(a, b) && !Larger(b, a); }

float LargestWeight(const RoutedChoices& choices, std::uint32_t experts, std::uint32_t token) {
  float largest = std::numeric_limits<float>::quiet_NaN();
  for (std::uint32_t k = 0; k < choices.top_k; ++k) {
    const std::size_t i = std::size_t{token} * choices.top_k + k;
    if (choices.expert[i] < experts && Larger(choices.weight[i], largest)) {
      largest = choices.weight[i];
    }
  }
  return largest;
}

// Every choice that names an expert, with what the rule orders it by.
std::vector<Choice> ListChoices(const CapacitySpec& spec, std::uint32_t experts,
                                const RoutedChoices& choices) {
  std::vector<Choice> list;
  const bool ranked = spec.drop != DropBy::kWeight && spec.drop != DropBy::kRandom;
  for (std::uint32_t t = 0; t < choices.tokens; ++t) {
    for (std::uint32_t k = 0; k < choices.top_k; ++k) {
      const std::size_t i = std::size_t{t} * choices.top_k + k;
      if (choices.expert[i] >= experts) continue;
      Choice c{t, k, choices.expert[i], 0.0F, 0, 0};
      if (spec.drop == DropBy::kWeight) c.priority = choices.weight[i];
      if (spec.drop == DropBy::kTokenPriority) c.priority = LargestWeight(choices, experts, t);
      if (spec.drop == DropBy::kRandom) c.draw = Philox({t, k, 0, 0}, spec.seed).x;
      if (ranked && spec.order == ChoiceOrder::kChoiceMajor) c.queue_rank = k;
      list.push_back(c);
    }
  }
  return list;
}

bool ServedBefore(const Choice& a, const Choice& b) {
  if (a.queue_rank != b.queue_rank) return a.queue_rank < b.queue_rank;
  if (!SameFloat(a.priority, b.priority)) return Larger(a.priority, b.priority);
  if (a.draw != b.draw) return a.draw > b.draw;
  return a.token != b.token ? a.token < b.token : a.rank < b.rank;
}

bool TokenBefore(const Choice& a, const Choice& b) {
  return a.token != b.token ? a.token < b.token : a.rank < b.rank;
}

using Queues = std::vector<std::vector<Choice>>;  // [E], in the order of slots

Queues KeepFirst(std::vector<Choice> list, std::uint32_t experts, std::uint32_t capacity) {
  std::sort(list.begin(), list.end(), ServedBefore);
  Queues kept(experts);
  for (const Choice& c : list) {
    if (kept[c.expert].size() < capacity) kept[c.expert].push_back(c);
  }
  return kept;
}

// Round j: the j-th choices of the tokens that no round before served.
Queues KeepOnePerToken(std::vector<Choice> list, std::uint32_t experts, std::uint32_t capacity) {
  std::sort(list.begin(), list.end(), [](const Choice& a, const Choice& b) {
    return a.rank != b.rank ? a.rank < b.rank : a.token < b.token;
  });
  Queues kept(experts);
  std::set<std::uint32_t> served;
  for (const Choice& c : list) {
    if (kept[c.expert].size() >= capacity || served.count(c.token) > 0) continue;
    kept[c.expert].push_back(c);
    served.insert(c.token);
  }
  return kept;
}

void Normalise(float eps, const std::vector<bool>& survives, float* weight) {
  float sum = 0.0F;
  for (std::size_t k = 0; k < survives.size(); ++k) {
    if (survives[k]) sum += weight[k];
  }
  if (sum < eps) sum = eps;
  for (std::size_t k = 0; k < survives.size() && sum != 0.0F; ++k) {
    if (!survives[k]) continue;
    weight[k] /= sum;
    if (std::isnan(weight[k])) weight[k] = std::numeric_limits<float>::quiet_NaN();
  }
}

void SettleWeights(const CapacitySpec& spec, const RoutedChoices& choices, Slots& slots) {
  slots.weight = choices.weight;
  if (choices.weight.empty()) return;
  for (std::size_t t = 0; t < choices.tokens; ++t) {
    std::vector<bool> survives(choices.top_k);
    for (std::size_t k = 0; k < choices.top_k; ++k) {
      const std::size_t i = t * choices.top_k + k;
      survives[k] = slots.slot[i] >= 0;
      if (!survives[k]) slots.weight[i] = 0.0F;
    }
    if (spec.normalise == NormaliseWhen::kAfterDrop) {
      Normalise(spec.normalise_eps, survives, slots.weight.data() + t * choices.top_k);
    }
  }
}

}  // namespace

Slots AssignSlots(const CapacitySpec& spec, std::uint32_t experts, std::uint32_t capacity,
                  const RoutedChoices& choices) {
  const std::vector<Choice> list = ListChoices(spec, experts, choices);
  Slots result;
  result.slot.assign(choices.expert.size(), -1);
  result.wanted.assign(experts, 0);
  for (const Choice& c : list) ++result.wanted[c.expert];
  const std::uint32_t limit = spec.drop == DropBy::kNone ? 0xFFFFFFFF : capacity;
  Queues kept = spec.drop == DropBy::kNoTokenLeftBehind ? KeepOnePerToken(list, experts, limit)
                                                        : KeepFirst(list, experts, limit);
  for (std::vector<Choice>& queue : kept) {
    if (spec.slots == SlotOrder::kTokenOrder) std::sort(queue.begin(), queue.end(), TokenBefore);
    result.kept.push_back(static_cast<std::uint32_t>(queue.size()));
    for (std::size_t s = 0; s < queue.size(); ++s) {
      const std::size_t i = std::size_t{queue[s].token} * choices.top_k + queue[s].rank;
      result.slot[i] = static_cast<std::int32_t>(s);
    }
  }
  SettleWeights(spec, choices, result);
  return result;
}

Layout DispatchLayout(const RoutedChoices& choices, const std::vector<std::int32_t>& slot,
                      const Places& places) {
  const std::size_t words = (places.rank_to_node.size() + 31) / 32;
  Layout layout;
  layout.per_expert.assign(places.expert_to_rank.size(), 0);
  layout.per_rank.assign(places.rank_to_node.size(), 0);
  layout.per_node.assign(places.nodes, 0);
  layout.rank_bits.assign(choices.tokens * words, 0);
  for (std::size_t t = 0; t < choices.tokens; ++t) {
    std::set<std::size_t> ranks;
    std::set<std::size_t> nodes;
    for (std::size_t i = t * choices.top_k; i < (t + 1) * choices.top_k; ++i) {
      const std::size_t expert = choices.expert[i];
      if (expert >= layout.per_expert.size() || (!slot.empty() && slot[i] < 0)) continue;
      ++layout.per_expert[expert];
      if (places.expert_to_rank[expert] < layout.per_rank.size()) {
        ranks.insert(places.expert_to_rank[expert]);
      }
    }
    for (const std::size_t rank : ranks) {
      ++layout.per_rank[rank];
      layout.rank_bits[t * words + rank / 32] += 1U << (rank % 32);
      if (places.rank_to_node[rank] < places.nodes) nodes.insert(places.rank_to_node[rank]);
    }
    for (const std::size_t node : nodes) ++layout.per_node[node];
  }
  return layout;
}

Rows Permutation(const RoutedChoices& choices, const Slots& slots, std::uint32_t tile) {
  Rows rows;
  rows.flat_to_row.assign(choices.expert.size(), kNoRow);
  for (std::size_t e = 0; e < slots.kept.size(); ++e) {
    rows.offset.push_back(static_cast<std::uint32_t>(rows.row_to_flat.size()));
    std::vector<std::uint32_t> mine(slots.kept[e]);
    for (std::size_t i = 0; i < choices.expert.size(); ++i) {
      if (choices.expert[i] != e || slots.slot[i] < 0) continue;
      mine[static_cast<std::size_t>(slots.slot[i])] = static_cast<std::uint32_t>(i);
    }
    for (const std::uint32_t i : mine) {
      rows.flat_to_row[i] = static_cast<std::uint32_t>(rows.row_to_flat.size());
      rows.row_to_flat.push_back(i);
    }
    while (rows.row_to_flat.size() % tile != 0) rows.row_to_flat.push_back(kNoRow);
  }
  rows.offset.push_back(static_cast<std::uint32_t>(rows.row_to_flat.size()));
  return rows;
}

}  // namespace switchyard::kernels::reference
