#include "sim/placement/nodes/node_search.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {

NodeSearch::NodeSearch(const LayerRoutes& routes, std::uint32_t experts, std::uint32_t nodes)
    : experts_(experts), nodes_(nodes), first_(experts + 1), node_of_(experts) {
  first_choice_.push_back(0);
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    for (const ExpertIndex e : routes.ChoicesOf(t)) {
      if (e == kNoExpert) continue;
      SWITCHYARD_CHECK(e < experts, "a token chose an expert that does not exist");
      choices_.push_back(e);
      ++first_[e + 1u];
    }
    first_choice_.push_back(static_cast<std::uint32_t>(choices_.size()));
  }
  for (std::uint32_t e = 0; e < experts; ++e) first_[e + 1] += first_[e];
  tokens_.resize(choices_.size());
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    for (const ExpertIndex e : ChoicesOf(t)) tokens_[next[e]++] = t;
  }
  on_node_.resize(std::size_t{routes.tokens} * nodes);
  leave_.resize(experts);
  enter_.resize(std::size_t{experts} * nodes);
  pair_.resize(std::size_t{experts} * experts);
}

void NodeSearch::Assign(std::span<const std::uint32_t> node_of_expert) {
  std::copy(node_of_expert.begin(), node_of_expert.end(), node_of_.begin());
  std::fill(on_node_.begin(), on_node_.end(), std::uint16_t{0});
  std::fill(leave_.begin(), leave_.end(), 0);
  std::fill(enter_.begin(), enter_.end(), 0);
  std::fill(pair_.begin(), pair_.end(), 0);
  visits_ = 0;
  const auto tokens = static_cast<std::uint32_t>(first_choice_.size() - 1);
  for (std::uint32_t t = 0; t < tokens; ++t) {
    for (const ExpertIndex e : ChoicesOf(t)) ++on_node_[std::size_t{t} * nodes_ + node_of_[e]];
    for (std::uint32_t n = 0; n < nodes_; ++n) Count(t, n, 1);
  }
}

// What one token and one node contribute to the sums.
void NodeSearch::Count(std::uint32_t token, std::uint32_t node, std::int32_t sign) {
  const std::uint16_t there = on_node_[std::size_t{token} * nodes_ + node];
  const std::span<const ExpertIndex> choices = ChoicesOf(token);
  if (there == 0) {
    for (const ExpertIndex e : choices) enter_[e * nodes_ + node] += sign;
    return;
  }
  visits_ += sign;
  if (there > 1) return;
  const auto alone = std::find_if(choices.begin(), choices.end(),
                                  [&](ExpertIndex e) { return node_of_[e] == node; });
  leave_[*alone] += sign;
  std::int32_t* const pairs = pair_.data() + std::size_t{*alone} * experts_;
  for (const ExpertIndex f : choices) pairs[f] += sign;
}

// What the tokens of either expert contribute on the nodes of both.
void NodeSearch::CountTokens(std::uint32_t e, std::uint32_t f, std::int32_t sign) {
  const std::uint32_t a = node_of_[e];
  const std::uint32_t b = node_of_[f];
  const auto count = [&](std::uint32_t token) {
    Count(token, a, sign);
    Count(token, b, sign);
  };
  for (const std::uint32_t t : TokensWith(e)) count(t);
  for (const std::uint32_t t : TokensWith(f)) {
    const std::span<const ExpertIndex> choices = ChoicesOf(t);
    if (std::find(choices.begin(), choices.end(), e) == choices.end()) count(t);
  }
}

void NodeSearch::Swap(std::uint32_t e, std::uint32_t f) {
  SWITCHYARD_CHECK(node_of_[e] != node_of_[f], "experts of one node have nothing to swap");
  CountTokens(e, f, -1);
  const std::uint32_t a = node_of_[e];
  const std::uint32_t b = node_of_[f];
  const auto shift = [&](std::uint32_t expert, std::uint32_t from, std::uint32_t to) {
    for (const std::uint32_t t : TokensWith(expert)) {
      --on_node_[std::size_t{t} * nodes_ + from];
      ++on_node_[std::size_t{t} * nodes_ + to];
    }
  };
  shift(e, a, b);
  shift(f, b, a);
  node_of_[e] = b;
  node_of_[f] = a;
  CountTokens(e, f, 1);
}

}  // namespace switchyard
