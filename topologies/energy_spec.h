// What moving bytes costs a cluster. Filled from scenarios/schema/energy.proto.
#pragma once

#include <array>
#include <optional>

#include "sim/base/units.h"
#include "topologies/link_tier.h"

namespace switchyard {

using JoulesPerByte = Quantity<0, -1, 0, 1>;

struct EnergySpec {
  std::array<std::optional<JoulesPerByte>, kNumLinkTiers> links;  // by tier; none: nothing
  std::optional<Watts> switch_power;                              // of the fabric, for each GPU
};

}  // namespace switchyard
