// Tokens with a topic: experts of a topic are chosen together, and topics come and go.
#pragma once

#include <cstdint>

#include "sim/routing/routes.h"

namespace switchyard::testing {

struct TopicRules {
  std::uint32_t tokens = 2000;
  std::uint32_t experts = 32;
  std::uint32_t top_k = 4;
  std::uint32_t topics = 8;           // expert e belongs to topic e * 5 mod topics: not neighbours
  double loyalty = 0.8;               // share of choices from the token's topic
  std::uint32_t request_tokens = 50;  // consecutive tokens of one topic
  bool even = false;                  // topics take turns; otherwise low ones are wanted most
  std::uint64_t seed = 1;
};

// No expert twice in a token.
[[nodiscard]] LayerRoutes TopicRoutes(const TopicRules& rules);

}  // namespace switchyard::testing
