// The transfers of one collective: who sends how much to whom.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"

namespace switchyard {

// Bytes from one vertex of the platform to another on behalf of two devices.
//
// A flow of hop 0 starts when `sender` has entered the collective. A flow of hop 1 forwards what
// the sender, a relay, receives in relayed flows: it does not start before the relay has entered
// and the first of them has (store-and-forward: all of them have arrived), and does not end before
// the last of them has arrived. `receiver` leaves the collective only after all its flows. For GPU
// to GPU transfers `from`/`to` are the devices' vertices; a copy from host memory has sender ==
// receiver.
struct Flow {
  VertexId from;
  VertexId to;
  DeviceId sender;
  DeviceId receiver;
  Bytes bytes;
  std::uint8_t hop = 0;   // 0, or 1: forwarded by a device that received it on hop 0
  bool relayed = false;   // hop 0: the receiver forwards it on hop 1
  std::uint8_t part = 0;  // of a flow that the engine has split over several paths
};

struct FlowSet {
  std::vector<Flow> flows;  // no flow of zero bytes
  Seconds startup;          // from a device's entry to its first byte: launch, protocol steps
  bool store_and_forward = false;  // a relay forwards only what has arrived whole
};

}  // namespace switchyard
