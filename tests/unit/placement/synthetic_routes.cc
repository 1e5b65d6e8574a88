#include "tests/unit/placement/synthetic_routes.h"

#include <algorithm>

#include "sim/base/rng.h"

namespace switchyard::testing {

LayerRoutes TopicRoutes(const TopicRules& rules) {
  Rng rng(rules.seed, Stream("topic routes"));
  LayerRoutes routes{rules.tokens, rules.top_k, rules.experts, {}, {}};
  const std::uint32_t stride = 5;
  std::uint64_t topic = 0;
  for (std::uint32_t t = 0; t < rules.tokens; ++t) {
    if (t % rules.request_tokens == 0) {
      topic = std::min(rng.Below(rules.topics), rng.Below(rules.topics));
      if (rules.even) topic = t / rules.request_tokens % rules.topics;
    }
    const auto first = static_cast<std::ptrdiff_t>(routes.expert.size());
    while (routes.expert.size() < (std::size_t{t} + 1) * rules.top_k) {
      const auto e = static_cast<ExpertIndex>(rng.Below(rules.experts));
      const bool of_topic = e * stride % rules.topics == topic;
      if (rng.Uniform() < rules.loyalty && !of_topic) continue;
      const auto begin = routes.expert.begin() + first;
      if (std::find(begin, routes.expert.end(), e) == routes.expert.end()) {
        routes.expert.push_back(e);
      }
    }
  }
  return routes;
}

}  // namespace switchyard::testing
