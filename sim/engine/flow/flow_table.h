// Every flow in flight, by slot: whose it is, where it goes and what it still has to send.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/engine/network.h"

namespace switchyard {

// Slots are reused, in order again once no flow is left: flows that start together then lie
// together. Memory grows with the flows in flight at once. Paths lie in one array, each in
// as many places as the longest path seen needs.
class FlowTable {
 public:
  std::uint32_t Add(FlowTag tag, std::span<const LinkId> path, double bytes);
  void Remove(std::uint32_t slot) {
    free_.push_back(slot);
    if (free_.size() < next_) return;
    free_.clear();
    next_ = 0;
  }

  [[nodiscard]] FlowTag tag(std::uint32_t slot) const { return flows_[slot].tag; }
  [[nodiscard]] std::span<const std::uint32_t> path(std::uint32_t slot) const {
    return {paths_.data() + slot * stride_, flows_[slot].links};
  }
  // Bytes not yet sent. Up to date only while the flow is in no component (component.h).
  [[nodiscard]] double& remaining(std::uint32_t slot) { return flows_[slot].remaining; }
  [[nodiscard]] double remaining(std::uint32_t slot) const { return flows_[slot].remaining; }

 private:
  struct Record {
    FlowTag tag;
    double remaining = 0.0;
    std::uint32_t links = 0;
  };
  std::uint32_t TakeSlot();
  void Widen(std::size_t stride);

  std::vector<Record> flows_;
  std::vector<std::uint32_t> paths_;  // [slot * stride + i]
  std::size_t stride_ = 4;
  std::vector<std::uint32_t> free_;  // of the slots below next_
  std::uint32_t next_ = 0;
};

}  // namespace switchyard
