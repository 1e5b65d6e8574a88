// How concurrent flows share links: the part in which fidelities differ.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/graph/flows.h"

namespace switchyard {

// The caller's name for a flow in flight.
struct FlowTag {
  std::uint32_t transfer = 0;  // which transfer in flight
  std::uint32_t flow = 0;      // which of its flows
};

// The flows of one transfer, as their owner keeps them.
struct FlowView {
  std::span<const Flow> flows;
  std::span<const LinkId> links;              // the paths of all flows, one after the other
  std::span<const std::uint32_t> path_begin;  // [flows + 1] into links
  std::span<const double> weights = {};       // [flows] of a link's capacity; empty: 1 each

  [[nodiscard]] std::span<const LinkId> path(std::uint32_t flow) const {
    return links.subspan(path_begin[flow], path_begin[flow + 1] - path_begin[flow]);
  }
};

// Each flow is reported once, at the clock time when its last byte has left its last link. The sink
// may open transfers and start flows.
using FlowSink = std::function<void(FlowTag)>;

// Events of this kind and above belong to the network; those of transfers and tasks are below.
// Whoever joins them to a clock passes each its own.
inline constexpr std::uint32_t kFirstNetworkEvent = 1u << 16;

// Contract: a transfer is opened before its flows start; every flow of it is started, once. Paths
// are not empty. What `flows` refers to stays until the last of them has been reported; then the
// number may be opened again.
class Network {
 public:
  virtual ~Network() = default;
  virtual void Open(std::uint32_t transfer, const FlowView& flows) = 0;
  // Puts the bytes of flows [first, last) on their paths at the clock's current time; latency is
  // the caller's business.
  virtual void Start(std::uint32_t transfer, std::uint32_t first, std::uint32_t last) = 0;
  // From the clock's current time on, for flows in flight as for later ones; `capacity` > 0.
  virtual void SetCapacity(LinkId link, BytesPerSecond capacity) = 0;
  // Model and every option that shapes its predictions, for the result.
  [[nodiscard]] virtual std::string Describe() const = 0;
};

}  // namespace switchyard
