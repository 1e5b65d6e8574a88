#include "sim/placement/nodes/copy_search.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {

CopySearch::CopySearch(const LayerRoutes& routes, std::span<const std::uint32_t> node_of_expert,
                       std::uint32_t nodes)
    : routes_(routes),
      nodes_(nodes),
      experts_(static_cast<std::uint32_t>(node_of_expert.size())),
      node_of_choice_(routes.expert.size()),
      on_node_(std::size_t{routes.tokens} * nodes),
      first_(std::size_t{experts_} + 1),
      leave_(experts_),
      near_(std::size_t{experts_} * nodes),
      holds_(near_.size()),
      load_(near_.size()) {
  for (std::uint32_t e = 0; e < experts_; ++e) holds_[At(e, node_of_expert[e])] = 1;
  for (const ExpertIndex e : routes.expert) {
    if (e != kNoExpert) ++first_[e + 1u];
  }
  for (std::uint32_t e = 0; e < experts_; ++e) {
    load_[At(e, node_of_expert[e])] = first_[e + 1];
    first_[e + 1] += first_[e];
  }
  tokens_.resize(first_[experts_]);
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for (std::size_t i = 0; i < routes.expert.size(); ++i) {
    const ExpertIndex e = routes.expert[i];
    if (e == kNoExpert) continue;
    const auto token = static_cast<std::uint32_t>(i / routes.top_k);
    tokens_[next[e]++] = token;
    node_of_choice_[i] = static_cast<std::uint16_t>(node_of_expert[e]);
    ++on_node_[std::size_t{token} * nodes + node_of_expert[e]];
  }
  for (std::uint32_t t = 0; t < routes.tokens; ++t) Count(t, 1);
}

// What one token contributes to the sums.
void CopySearch::Count(std::uint32_t token, std::int32_t sign) {
  const std::uint16_t* const on_node = on_node_.data() + std::size_t{token} * nodes_;
  for (std::uint32_t j = 0; j < routes_.top_k; ++j) {
    const std::size_t i = std::size_t{token} * routes_.top_k + j;
    const ExpertIndex e = routes_.expert[i];
    if (e == kNoExpert || on_node[node_of_choice_[i]] != 1) continue;
    leave_[e] += sign;
    for (std::uint32_t n = 0; n < nodes_; ++n) {
      if (on_node[n] > 0 && n != node_of_choice_[i]) near_[At(e, n)] += sign;
    }
  }
}

double CopySearch::Gain(std::uint32_t expert, std::uint32_t node) const {
  const double near = near_[At(expert, node)];
  const double share = 1.0 / nodes_;
  return near * (1 - share) + (leave_[expert] - near) * share;
}

double CopySearch::LoadGained(std::uint32_t expert, std::uint32_t node) const {
  const double near = near_[At(expert, node)];
  const double all = first_[expert + 1] - first_[expert];
  return near + (all - near) / nodes_;
}

double CopySearch::LoadOfNode(std::uint32_t node) const {
  double sum = 0;
  for (std::uint32_t e = 0; e < experts_; ++e) sum += load_[At(e, node)];
  return sum;
}

void CopySearch::Add(std::uint32_t expert, std::uint32_t node) {
  SWITCHYARD_CHECK(!Holds(expert, node), "one copy of an expert on a node is enough");
  holds_[At(expert, node)] = 1;
  for (std::uint32_t i = first_[expert]; i < first_[expert + 1]; ++i) {
    Count(tokens_[i], -1);
    MoveChoice(tokens_[i], expert, node);
    Count(tokens_[i], 1);
  }
  // Tokens sent from the new copy's node use it too.
  for (std::uint32_t n = 0; n < nodes_; ++n) {
    if (n == node || !Holds(expert, n)) continue;
    const double moved = load_[At(expert, n)] / nodes_;
    load_[At(expert, n)] -= moved;
    load_[At(expert, node)] += moved;
  }
}

// Only where that saves the token a visit.
void CopySearch::MoveChoice(std::uint32_t token, std::uint32_t expert, std::uint32_t node) {
  std::uint16_t* const on_node = on_node_.data() + std::size_t{token} * nodes_;
  const auto first = routes_.expert.begin() + static_cast<std::ptrdiff_t>(token) * routes_.top_k;
  const auto choice = std::find(first, first + routes_.top_k, static_cast<ExpertIndex>(expert));
  std::uint16_t& at = node_of_choice_[static_cast<std::size_t>(choice - routes_.expert.begin())];
  if (on_node[at] != 1 || on_node[node] == 0) return;
  --on_node[at];
  ++on_node[node];
  load_[At(expert, at)] -= 1;
  load_[At(expert, node)] += 1;
  at = static_cast<std::uint16_t>(node);
}

}  // namespace switchyard
