#include "sim/engine/flow/max_min.h"

#include <algorithm>

namespace switchyard {

void MaxMinFill::Begin(const Sharing& sharing) {
  links_.resize(sharing.num_links());
  fixed_.assign(sharing.gone.begin(), sharing.gone.end());
  heap_.clear();
  for (std::uint32_t l = 0; l < sharing.num_links(); ++l) {
    const std::uint32_t rising = sharing.open_flows[l];
    links_[l] = {sharing.capacity[l], rising};
    if (rising > 0) heap_.push_back({sharing.capacity[l] / rising, l});
  }
  std::make_heap(heap_.begin(), heap_.end(), kFillsLater);
}

void MaxMinFill::Solve(const Sharing& sharing, std::vector<double>& rate) {
  Begin(sharing);
  double level = 0.0;
  std::uint32_t unfixed = sharing.num_open;
  while (unfixed > 0) {
    const Candidate top = heap_.front();
    const LinkState& link = links_[top.link];
    if (link.rising == 0) {
      std::pop_heap(heap_.begin(), heap_.end(), kFillsLater);
      heap_.pop_back();
      continue;
    }
    // Rounding may put the share a hair below the level already reached.
    const double share = std::max(link.left / link.rising, level);
    if (share > top.share) {
      ReplaceTop({share, top.link});
      if (heap_.front().link != top.link) continue;
    }
    level = share;
    unfixed -= Fix(sharing, top.link, share, rate);
  }
}

// The top's share has grown: sinks it to its place.
void MaxMinFill::ReplaceTop(Candidate candidate) {
  const std::size_t size = heap_.size();
  std::size_t hole = 0;
  for (std::size_t child = 1; child < size; child = 2 * hole + 1) {
    if (child + 1 < size && kFillsLater(heap_[child], heap_[child + 1])) ++child;
    if (!kFillsLater(candidate, heap_[child])) break;
    heap_[hole] = heap_[child];
    hole = child;
  }
  heap_[hole] = candidate;
}

std::uint32_t MaxMinFill::Fix(const Sharing& sharing, std::uint32_t link, double share,
                              std::vector<double>& rate) {
  // Plain pointers: a store to fixed_, of bytes, might otherwise have changed any of the vectors.
  std::uint8_t* const fixed = fixed_.data();
  LinkState* const links = links_.data();
  double* const rates = rate.data();
  const std::uint32_t* const begin = sharing.flow_begin.data();
  const std::uint32_t* const path_links = sharing.flow_links.data();
  const std::uint32_t count = links[link].rising;
  std::uint32_t to_fix = count;
  for (const std::uint32_t* f = &sharing.link_flows[sharing.link_begin[link]]; to_fix > 0; ++f) {
    if (fixed[*f] != 0) continue;
    fixed[*f] = 1;
    rates[*f] = share;
    --to_fix;
    for (std::uint32_t i = begin[*f]; i < begin[*f + 1]; ++i) {
      const std::uint32_t crossed = path_links[i];
      if (crossed == link) continue;  // once for all its flows, below: not a chain of additions
      links[crossed].left -= share;
      --links[crossed].rising;
    }
  }
  links[link] = {links[link].left - share * count, 0};
  return count;
}

}  // namespace switchyard
