// What changes on a cluster while a step runs. A list of changes describes a cluster that is not as
// its card says: slow links, background traffic, throttled GPUs.
//
//   const std::vector<LinkChange> halved = {{500_us, nic_link, 0.5}};   // of its capacity, from
//   then
//
// Factors are of the nominal value, not of the one before; > 0 and finite. Changes at time 0 or
// before hold from the start. Of several changes of one thing at one time the last in the list
// holds.
#pragma once

#include "sim/base/ids.h"
#include "sim/base/units.h"

namespace switchyard {

// From `time` on the link's capacity is `factor` times what the platform says.
struct LinkChange {
  Seconds time;
  LinkId link;
  double factor = 1.0;
};

// From `time` on the device computes at `factor` times its speed: work that lasts d at full speed
// lasts d / factor. Communication is not affected.
struct SpeedChange {
  Seconds time;
  DeviceId device;
  double factor = 1.0;
};

}  // namespace switchyard
