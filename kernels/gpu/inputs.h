// What a case is fed: drawn with Philox, the same on every machine, so that no file has to hold it.
//
//   const Inputs in = MakeInputs(c);
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gpu/cases.h"

namespace switchyard::kernels::gpu {

struct Inputs {
  std::vector<float> logits;            // [T, E], or
  std::vector<std::uint16_t> logits16;  // its bits in bf16 or fp16
  std::vector<float> bias;              // [E], or none
  std::vector<std::int32_t> token_id;   // [T], kHash; some outside the table
  std::vector<std::uint16_t> table;     // [vocabulary, K], kHash
  std::vector<std::uint16_t> expert_to_rank;
  std::vector<std::uint16_t> rank_to_node;
};

[[nodiscard]] Inputs MakeInputs(const Case& c);

}  // namespace switchyard::kernels::gpu
