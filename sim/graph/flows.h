// The transfers of one collective: who sends how much to whom.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"

namespace switchyard {

// Bytes from one vertex of the platform to another on behalf of two devices.
//
// A flow starts when `sender` has entered the collective (for hop 1 under store-and-forward: and
// has received all its hop-0 flows). `receiver` leaves the collective only after it. For GPU to GPU
// transfers `from`/`to` are their vertices; a copy from host memory has sender == receiver.
struct Flow {
  VertexId from;
  VertexId to;
  DeviceId sender;
  DeviceId receiver;
  Bytes bytes;
  std::uint8_t hop = 0;  // 0, or 1: forwarded by a device that received it on hop 0
};

struct FlowSet {
  std::vector<Flow> flows;  // no flow of zero bytes
  Seconds startup;          // from a device's entry to its first byte: launch, protocol steps
  bool store_and_forward = false;  // hop 1 waits for hop 0 at the forwarding device
};

}  // namespace switchyard
