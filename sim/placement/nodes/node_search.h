// Which node each expert is on, so that tokens visit few nodes: swaps of experts, each judged by
// exactly how many visits of all tokens it saves.
//
//   NodeSearch search(routes, experts, nodes);
//   search.Assign(node_of_expert);
//   search.visits();              // sum over tokens of distinct nodes (D times tokens)
//   search.SwapGain(e, f);        // visits fewer after exchanging e and f; O(1)
//   search.Swap(e, f);
//
// Kept up to date for every expert e on node n(e), as sums over the tokens t that chose e:
//   leave[e]     tokens for which e is the only reason to visit n(e)
//   enter[e][m]  tokens that do not visit m
//   pair[e][f]   tokens of leave[e] that chose f too
// Moving e to m saves leave[e] - enter[e][m] visits. A swap of e and f saves what both moves save
// less pair[e][f] + pair[f][e]: a token of both visits the same nodes as before.
// A swap costs O(top_k) for each token of either expert, a search for the best one experts^2.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"

namespace switchyard {

class NodeSearch {
 public:
  // top_k below 65536; kNoExpert is no choice.
  NodeSearch(const LayerRoutes& routes, std::uint32_t experts, std::uint32_t nodes);

  // node_of_expert[experts]
  void Assign(std::span<const std::uint32_t> node_of_expert);
  [[nodiscard]] std::uint32_t NodeOf(std::uint32_t expert) const { return node_of_[expert]; }
  [[nodiscard]] std::int64_t visits() const { return visits_; }

  // Of experts on different nodes.
  [[nodiscard]] std::int64_t SwapGain(std::uint32_t e, std::uint32_t f) const {
    return MoveGain(e, node_of_[f]) + MoveGain(f, node_of_[e]) - Pair(e, f) - Pair(f, e);
  }
  void Swap(std::uint32_t e, std::uint32_t f);

 private:
  [[nodiscard]] std::int64_t MoveGain(std::uint32_t e, std::uint32_t node) const {
    return leave_[e] - enter_[e * nodes_ + node];
  }
  [[nodiscard]] std::int64_t Pair(std::uint32_t e, std::uint32_t f) const {
    return pair_[std::size_t{e} * experts_ + f];
  }
  [[nodiscard]] std::span<const std::uint32_t> TokensWith(std::uint32_t expert) const {
    return {tokens_.data() + first_[expert], first_[expert + 1] - first_[expert]};
  }
  [[nodiscard]] std::span<const ExpertIndex> ChoicesOf(std::uint32_t token) const {
    return {choices_.data() + first_choice_[token],
            first_choice_[token + 1] - first_choice_[token]};
  }
  void Count(std::uint32_t token, std::uint32_t node, std::int32_t sign);
  void CountTokens(std::uint32_t e, std::uint32_t f, std::int32_t sign);

  std::uint32_t experts_;
  std::uint32_t nodes_;
  std::vector<std::uint32_t> first_choice_;    // of tokens, into choices_
  std::vector<ExpertIndex> choices_;           // without kNoExpert
  std::vector<std::uint32_t> first_, tokens_;  // of experts: the tokens that chose it
  std::vector<std::uint32_t> node_of_;         // [experts]
  std::vector<std::uint16_t> on_node_;         // [tokens, nodes] choices
  std::int64_t visits_ = 0;
  std::vector<std::int32_t> leave_, enter_, pair_;
};

}  // namespace switchyard
