// How concurrent flows share links: the part in which fidelities differ.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"

namespace switchyard {

// The caller's name for a flow in flight.
struct FlowTag {
  std::uint32_t transfer = 0;  // which transfer in flight
  std::uint32_t flow = 0;      // which of its flows
};

// Contract: Start puts bytes on `path` at the clock's current time; latency is the caller's
// business. `path` is not empty and not kept. Each flow is reported to the sink once, at the clock
// time when its last byte has left its last link. The sink may start further flows.
using FlowSink = std::function<void(FlowTag)>;

// Events of this kind and above belong to the network; the task runner's are below. Whoever joins
// the two to a clock passes each its own.
inline constexpr std::uint32_t kFirstNetworkEvent = 1u << 16;

class Network {
 public:
  virtual ~Network() = default;
  virtual void Start(FlowTag tag, VertexId from, VertexId to, const std::vector<LinkId>& path,
                     Bytes bytes) = 0;
  // From the clock's current time on, for flows in flight as for later ones; `capacity` > 0.
  virtual void SetCapacity(LinkId link, BytesPerSecond capacity) = 0;
  // Model and every option that shapes its predictions, for the result.
  [[nodiscard]] virtual std::string Describe() const = 0;
};

}  // namespace switchyard
