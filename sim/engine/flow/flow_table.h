// Every flow of the transfers in flight: where it goes, what it still has to send and which
// component holds it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/engine/network.h"

namespace switchyard {

class FlowTable {
 public:
  // Where a flow is: flow `index` of component `component` (component.h).
  struct Place {
    std::uint32_t component = 0;
    std::uint32_t index = 0;
  };

  void Open(std::uint32_t transfer, const FlowView& view);

  [[nodiscard]] const FlowView& view(std::uint32_t transfer) const {
    return transfers_[transfer].view;
  }
  [[nodiscard]] std::span<const LinkId> path(FlowTag tag) const {
    return transfers_[tag.transfer].view.path(tag.flow);
  }
  // Share of a link's capacity, compared with other flows.
  [[nodiscard]] double weight(FlowTag tag) const {
    const std::span<const double> weights = transfers_[tag.transfer].view.weights;
    return weights.empty() ? 1.0 : weights[tag.flow];
  }
  // Bytes not yet sent. Up to date only while the flow is in no component.
  [[nodiscard]] double& remaining(FlowTag tag) {
    return transfers_[tag.transfer].remaining[tag.flow];
  }
  [[nodiscard]] double remaining(FlowTag tag) const {
    return transfers_[tag.transfer].remaining[tag.flow];
  }
  // Likewise; not started yet.
  [[nodiscard]] std::uint8_t& pending(FlowTag tag) {
    return transfers_[tag.transfer].pending[tag.flow];
  }
  [[nodiscard]] bool is_pending(FlowTag tag) const {
    return transfers_[tag.transfer].pending[tag.flow] != 0;
  }
  [[nodiscard]] Place& place(FlowTag tag) { return transfers_[tag.transfer].place[tag.flow]; }

  // Of a transfer: its flows have been put into components; when the first of them started.
  [[nodiscard]] bool& grouped(std::uint32_t transfer) { return transfers_[transfer].grouped; }
  [[nodiscard]] double& start(std::uint32_t transfer) { return transfers_[transfer].start; }
  [[nodiscard]] double start(std::uint32_t transfer) const { return transfers_[transfer].start; }

 private:
  struct Transfer {
    FlowView view;
    std::vector<double> remaining;
    std::vector<std::uint8_t> pending;
    std::vector<Place> place;
    bool grouped = false;
    double start = 0.0;
  };
  std::vector<Transfer> transfers_;  // by number
};

}  // namespace switchyard
