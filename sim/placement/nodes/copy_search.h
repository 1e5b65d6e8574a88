// Which further copies of experts on which nodes save most of the copies of tokens that cross
// between nodes: greedily, one after the other.
//
//   CopySearch copies(routes, node_of_expert, nodes);
//   copies.Gain(e, n);            // token copies a further replica of e on n would save
//   copies.Add(e, n);             // tokens that it serves go there
//   copies.LoadOf(e, n);          // choices of e that are computed on n
//
// A token for which e is the only reason to visit its node saves that copy when it visits n anyway,
// or when n is the sender's node, which is any of N with probability 1/N; it saves nothing when the
// sender is on e's node. Expected: near * (1 - 1/N) + (leave - near) / N, with
//   leave  tokens for which e is the only reason to visit the node that serves them
//   near   those of them that visit n
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"

namespace switchyard {

class CopySearch {
 public:
  // node_of_expert[experts], of the one copy that each expert has so far.
  CopySearch(const LayerRoutes& routes, std::span<const std::uint32_t> node_of_expert,
             std::uint32_t nodes);

  [[nodiscard]] double Gain(std::uint32_t expert, std::uint32_t node) const;
  // Choices that would move to the new copy.
  [[nodiscard]] double LoadGained(std::uint32_t expert, std::uint32_t node) const;
  // A node that does not hold the expert.
  void Add(std::uint32_t expert, std::uint32_t node);

  [[nodiscard]] bool Holds(std::uint32_t expert, std::uint32_t node) const {
    return holds_[At(expert, node)] != 0;
  }
  [[nodiscard]] double LoadOf(std::uint32_t expert, std::uint32_t node) const {
    return load_[At(expert, node)];
  }
  [[nodiscard]] double LoadOfNode(std::uint32_t node) const;

 private:
  [[nodiscard]] std::size_t At(std::uint32_t expert, std::uint32_t node) const {
    return std::size_t{expert} * nodes_ + node;
  }
  void Count(std::uint32_t token, std::int32_t sign);
  void MoveChoice(std::uint32_t token, std::uint32_t expert, std::uint32_t node);

  const LayerRoutes& routes_;
  std::uint32_t nodes_;
  std::uint32_t experts_;
  std::vector<std::uint16_t> node_of_choice_;  // [tokens, top_k]
  std::vector<std::uint16_t> on_node_;         // [tokens, nodes] choices
  std::vector<std::uint32_t> first_, tokens_;  // of experts: the tokens that chose it
  std::vector<std::int32_t> leave_, near_;     // [experts], [experts, nodes]
  std::vector<std::uint8_t> holds_;            // [experts, nodes]
  std::vector<double> load_;                   // [experts, nodes]
};

}  // namespace switchyard
