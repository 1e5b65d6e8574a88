// Splits flows into groups that share no link with each other, and finds the links of a group that
// can never be what limits a flow.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/flow/flow_table.h"

namespace switchyard {

class Grouping {
 public:
  explicit Grouping(std::size_t num_links) : links_(num_links) {}

  // The flows reordered group by group, groups in order of their first flow, flows of a group in
  // the order given.
  void Split(const FlowTable& table, std::span<const FlowTag> flows);
  [[nodiscard]] std::size_t num_groups() const { return begin_.size() - 1; }
  [[nodiscard]] std::span<const FlowTag> group(std::size_t g) const {
    return {sorted_.data() + begin_[g], begin_[g + 1] - begin_[g]};
  }

 private:
  std::uint32_t Root(std::uint32_t link);
  void Join(const FlowTable& table, std::span<const FlowTag> flows);

  struct LinkState {
    std::uint32_t parent = 0;  // union-find
    std::uint32_t group = 0;   // of a root: its group counted from 1, once there is one
    std::uint32_t stamp = 0;   // the Split that saw it last
  };
  std::vector<LinkState> links_;
  std::uint32_t now_ = 0;
  std::vector<std::uint32_t> group_of_flow_;
  std::vector<std::uint32_t> begin_;
  std::vector<FlowTag> sorted_;
};

// Links of a group numbered 0..n-1, with what is needed to decide which of them matter.
//
// Link l never limits anything when some link m is crossed by all flows of l and is not wider: m
// fills no later. Behind a GPU's NIC such chains are the rule (GPU to PCIe switch to NIC to leaf);
// of each chain one link is left. Exact for max-min sharing.
class LinkSet {
 public:
  explicit LinkSet(std::span<const double> capacity)
      : capacity_(capacity), place_(capacity.size()) {}

  // Numbers the links of these flows in the order seen.
  void Build(const FlowTable& table, std::span<const FlowTag> flows);

  static constexpr std::uint32_t kIrrelevant = 0xffffffff;
  struct Entry {
    std::uint32_t link = 0;        // of the platform
    std::uint32_t index = 0;       // among those that matter, or kIrrelevant
    std::uint32_t flows = 0;       // that cross it
    std::uint32_t first_flow = 0;  // the first of them
    double bytes = 0.0;            // still to cross it
  };
  [[nodiscard]] std::span<const Entry> links() const { return links_; }
  // Of the i-th flow: numbers of its links.
  [[nodiscard]] std::span<const std::uint32_t> path(std::size_t flow) const {
    return {path_links_.data() + path_begin_[flow], path_begin_[flow + 1] - path_begin_[flow]};
  }

 private:
  void Count(const FlowTable& table, std::span<const FlowTag> flows);
  void NameCovers();
  void CheckCovers();
  [[nodiscard]] bool MayCover(const Entry& wide, const Entry& narrow) const;

  struct Place {
    std::uint32_t number = 0;  // in links_
    std::uint32_t stamp = 0;   // the Build that set it
  };
  std::span<const double> capacity_;  // by link of the platform
  std::vector<Place> place_;          // by link of the platform
  std::uint32_t now_ = 0;
  std::vector<Entry> links_;
  std::vector<std::uint32_t> path_links_;  // one flow after the other
  std::vector<std::uint32_t> path_begin_;
  std::vector<std::uint32_t> covers_;  // by number; bit i: link i of first_flow's path may cover it
  std::vector<std::uint32_t> seen_;    // by number: the last flow seen to cross it, from 1
};

}  // namespace switchyard
