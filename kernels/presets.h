// The routers of published frameworks and models, by name: route specification and drop rule, with
// the file of the framework that each was read from.
//
//   const RouterPreset* preset = FindPreset("mixtral");
//   RouteSpec spec = preset->Route(8, 2);
//
// Names: switch, gshard, fairseq_moe, megatron, deepspeed, tutel, megablocks, mixtral, deepseek_v2,
// deepseek_v3, qwen3_moe, gpt_oss, llama4, olmoe.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/capacity_spec.h"
#include "kernels/route_spec.h"

namespace switchyard::kernels {

struct RouterPreset {
  std::string_view name;
  std::string_view source;  // whose routing this is; repository, file: function
  // What of it is not reproduced, or which of several forms this is; empty: nothing to say.
  std::string_view note;
  std::uint16_t experts = 0;  // of the published model; a user may give others
  std::uint16_t top_k = 0;
  RouteSpec route;  // experts and top_k as above
  CapacitySpec capacity;
  bool renormalise_top1 = true;  // false: a single choice keeps its score as weight (Tutel)

  // `route` for another shape. A group limit whose groups do not divide the experts or whose kept
  // groups have too few of them is left out (groups = 1): Validate() of the result holds for every
  // legal shape.
  [[nodiscard]] RouteSpec Route(std::uint16_t num_experts, std::uint16_t choices) const;
};

// All presets, by name; sorted.
[[nodiscard]] std::span<const RouterPreset> RouterPresets();
// Null when there is none of that name.
[[nodiscard]] const RouterPreset* FindPreset(std::string_view name);

}  // namespace switchyard::kernels
