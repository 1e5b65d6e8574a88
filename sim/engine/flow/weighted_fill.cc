#include "sim/engine/flow/weighted_fill.h"

#include <limits>

namespace switchyard {

void WeightedFill::Solve(const Sharing& sharing, const std::vector<double>& weight,
                         std::vector<double>& rate) {
  links_.assign(sharing.num_links(), {});
  fixed_.assign(sharing.gone.begin(), sharing.gone.end());
  for (std::size_t l = 0; l < links_.size(); ++l) {
    links_[l].left = sharing.capacity[l];
    for (std::uint32_t i = sharing.link_begin[l]; i < sharing.link_begin[l + 1]; ++i) {
      const std::uint32_t flow = sharing.link_flows[i];
      if (fixed_[flow] != 0) continue;
      links_[l].weight += weight[flow];
      ++links_[l].rising;
    }
  }
  for (std::uint32_t unfixed = sharing.num_open; unfixed > 0;) {
    const std::uint32_t link = NextToFill();
    const double level = links_[link].left / links_[link].weight;
    for (std::uint32_t i = sharing.link_begin[link]; i < sharing.link_begin[link + 1]; ++i) {
      const std::uint32_t flow = sharing.link_flows[i];
      if (fixed_[flow] != 0) continue;
      fixed_[flow] = 1;
      --unfixed;
      rate[flow] = level * weight[flow];
      for (std::uint32_t k = sharing.flow_begin[flow]; k < sharing.flow_begin[flow + 1]; ++k) {
        LinkState& crossed = links_[sharing.flow_links[k]];
        crossed.left -= rate[flow];
        crossed.weight -= weight[flow];
        --crossed.rising;
      }
    }
  }
}

// The link that is full first when the rates of all flows rise together, in proportion to weights.
std::uint32_t WeightedFill::NextToFill() const {
  std::uint32_t next = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::uint32_t l = 0; l < links_.size(); ++l) {
    if (links_[l].rising == 0) continue;
    const double level = links_[l].left / links_[l].weight;
    if (level >= least) continue;
    least = level;
    next = l;
  }
  return next;
}

}  // namespace switchyard
