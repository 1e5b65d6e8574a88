// DispatchLayout for one token, by one thread.
#pragma once

#include <cstdint>

#include "kernels/slots.h"
#include "kernels/views.h"

namespace switchyard::kernels::core {

inline constexpr std::uint32_t kNowhere = 0xFFFFFFFF;

// A token's choices; slot is null when nothing was dropped.
struct TokenChoices {
  const std::uint16_t* expert;
  const std::int32_t* slot;
  std::uint32_t top_k;
};

// Where choice k goes; kNowhere when it goes to no expert.
template <Memory kMemory>
[[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t ExpertOf(const TokenChoices& choices,
                                                            const ExpertMap<kMemory>& map,
                                                            std::uint32_t k) {
  if (choices.slot != nullptr && choices.slot[k] < 0) return kNowhere;
  const std::uint32_t expert = choices.expert[k];
  return expert < map.expert_to_rank.size ? expert : kNowhere;
}

template <Memory kMemory>
[[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t RankOf(const TokenChoices& choices,
                                                          const ExpertMap<kMemory>& map,
                                                          std::uint32_t k) {
  const std::uint32_t expert = ExpertOf(choices, map, k);
  if (expert == kNowhere) return kNowhere;
  const std::uint32_t rank = map.expert_to_rank[expert];
  return rank < map.rank_to_node.size ? rank : kNowhere;
}

template <Memory kMemory>
[[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t NodeOf(const TokenChoices& choices,
                                                          const ExpertMap<kMemory>& map,
                                                          std::uint32_t k) {
  const std::uint32_t rank = RankOf(choices, map, k);
  if (rank == kNowhere) return kNowhere;
  const std::uint32_t node = map.rank_to_node[rank];
  return node < map.nodes ? node : kNowhere;
}

// Nodes have no bits to mark them in: the choices before are looked through, at most 63.
template <Memory kMemory>
[[nodiscard]] SWITCHYARD_HOST_DEVICE bool NodeIsNew(const TokenChoices& choices,
                                                    const ExpertMap<kMemory>& map,
                                                    std::uint32_t k) {
  const std::uint32_t node = NodeOf(choices, map, k);
  if (node == kNowhere) return false;
  for (std::uint32_t before = 0; before < k; ++before) {
    if (NodeOf(choices, map, before) == node) return false;
  }
  return true;
}

// rank_bits: the token's words, zeros. count(which, index) adds one: 0 to an expert, 1 to a rank,
// 2 to a node.
template <Memory kMemory, class Count>
SWITCHYARD_HOST_DEVICE void LayOutToken(const TokenChoices& choices, const ExpertMap<kMemory>& map,
                                        std::uint32_t* rank_bits, Count count) {
  for (std::uint32_t k = 0; k < choices.top_k; ++k) {
    const std::uint32_t expert = ExpertOf(choices, map, k);
    if (expert == kNowhere) continue;
    count(0, expert);
    const std::uint32_t rank = RankOf(choices, map, k);
    if (rank == kNowhere) continue;
    const std::uint32_t bit = 1U << (rank % 32);
    if ((rank_bits[rank / 32] & bit) != 0) continue;
    rank_bits[rank / 32] |= bit;
    count(1, rank);
    if (NodeIsNew(choices, map, k)) count(2, NodeOf(choices, map, k));
  }
}

}  // namespace switchyard::kernels::core
