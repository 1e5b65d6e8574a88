#include "sim/engine/flow/grouping.h"

#include <bit>

namespace switchyard {

std::uint32_t Grouping::Root(std::uint32_t link) {
  while (links_[link].parent != link) {
    links_[link].parent = links_[links_[link].parent].parent;
    link = links_[link].parent;
  }
  return link;
}

void Grouping::Join(const FlowTable& table, std::span<const FlowTag> flows) {
  ++now_;
  for (const FlowTag flow : flows) {
    const auto path = table.path(flow);
    std::uint32_t root = path[0].value;
    if (links_[root].stamp == now_) root = Root(root);
    for (const LinkId id : path) {
      const std::uint32_t link = id.value;
      if (links_[link].stamp != now_) {
        links_[link] = {root, 0, now_};
      } else if (links_[link].parent != root) {
        links_[Root(link)].parent = root;
      }
    }
  }
}

void Grouping::Split(const FlowTable& table, std::span<const FlowTag> flows) {
  Join(table, flows);
  group_of_flow_.clear();
  begin_.assign(1, 0);
  for (const FlowTag flow : flows) {
    std::uint32_t& group = links_[Root(table.path(flow)[0].value)].group;
    if (group == 0) {
      group = static_cast<std::uint32_t>(begin_.size());
      begin_.push_back(0);
    }
    group_of_flow_.push_back(group);
    ++begin_[group];
  }
  for (std::size_t g = 1; g < begin_.size(); ++g) begin_[g] += begin_[g - 1];
  sorted_.resize(flows.size());
  for (std::size_t i = flows.size(); i-- > 0;) {
    sorted_[--begin_[group_of_flow_[i]]] = flows[i];  // leaves begin_[g] at the group's first flow
  }
  begin_.erase(begin_.begin());
  begin_.push_back(static_cast<std::uint32_t>(flows.size()));
}

void LinkSet::Count(const FlowTable& table, std::span<const FlowTag> flows) {
  ++now_;
  links_.clear();
  path_links_.clear();
  path_begin_.assign(1, 0);
  for (std::uint32_t f = 0; f < flows.size(); ++f) {
    const double bytes = table.remaining(flows[f]);
    for (const LinkId link : table.path(flows[f])) {
      Place& place = place_[link.index()];
      if (place.stamp != now_) {
        place = {static_cast<std::uint32_t>(links_.size()), now_};
        links_.push_back({link.value, 0, 0, f, 0.0});
      }
      path_links_.push_back(place.number);
      Entry& entry = links_[place.number];
      ++entry.flows;
      entry.bytes += bytes;
    }
    path_begin_.push_back(static_cast<std::uint32_t>(path_links_.size()));
  }
}

// A strict order, so that of links that cover each other one is left.
bool LinkSet::MayCover(const Entry& wide, const Entry& narrow) const {
  if (narrow.flows < wide.flows) return false;
  const double w = capacity_[wide.link];
  const double n = capacity_[narrow.link];
  if (n != w) return n < w;
  return narrow.flows != wide.flows || narrow.link < wide.link;
}

void LinkSet::NameCovers() {
  constexpr std::size_t kMostCovers = 32;  // bits of a word; links beyond are not considered
  covers_.assign(links_.size(), 0);
  for (std::size_t l = 0; l < links_.size(); ++l) {
    const auto first = path(links_[l].first_flow);
    for (std::size_t i = 0; i < first.size() && i < kMostCovers; ++i) {
      if (MayCover(links_[l], links_[first[i]])) covers_[l] |= 1u << i;
    }
  }
}

void LinkSet::CheckCovers() {
  seen_.assign(links_.size(), 0);
  for (std::uint32_t f = 0; f + 1 < path_begin_.size(); ++f) {
    for (const std::uint32_t link : path(f)) seen_[link] = f + 1;
    for (const std::uint32_t link : path(f)) {
      std::uint32_t& covers = covers_[link];
      if (covers == 0) continue;
      const std::uint32_t* const first = path(links_[link].first_flow).data();
      for (std::uint32_t bits = covers; bits != 0; bits &= bits - 1) {
        if (seen_[first[std::countr_zero(bits)]] != f + 1) covers ^= bits & -bits;
      }
    }
  }
}

void LinkSet::Build(const FlowTable& table, std::span<const FlowTag> flows) {
  Count(table, flows);
  NameCovers();
  CheckCovers();
  std::uint32_t next = 0;
  for (std::size_t l = 0; l < links_.size(); ++l) {
    links_[l].index = covers_[l] == 0 ? next++ : kIrrelevant;
  }
}

}  // namespace switchyard
