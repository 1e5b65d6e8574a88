// How the routes of a trace's layer were computed: what a reader needs to compute them again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/capacity_spec.h"
#include "kernels/route_spec.h"

namespace switchyard::trace_pb {
class LayerSpec;
}

namespace switchyard {

struct LayerRecipe {
  kernels::RouteSpec route;
  kernels::CapacitySpec capacity;
  // Consecutive tokens of a step that shared the experts' slots; 0: all of them. A random rule drew
  // with the seed that kernels::GroupSeed (kernels/recorder/route_backend.h) makes of each layer
  // and group.
  std::uint32_t group_tokens = 0;
  std::vector<float> bias;  // [experts], the correction bias, or empty

  bool operator==(const LayerRecipe&) const = default;
};

void WriteRecipe(const LayerRecipe& recipe, trace_pb::LayerSpec& layer);
// None when the layer has none, or one that this version does not know: a newer enum value, a
// specification that does not hold or is not the layer's.
[[nodiscard]] std::optional<LayerRecipe> ReadRecipe(const trace_pb::LayerSpec& layer);

}  // namespace switchyard
