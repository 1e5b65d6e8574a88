// The routing rules written plainly, one token after the other, for tests to hold the kernels and
// their twin against. Shares with them only the float functions of core/det_math.h. Slow;
// allocates.
//
//   ReferenceRoute want = ReferenceRouteTopK(spec, {z, experts}, {bias, biases});
//   EXPECT_EQ(want.expert, …);
//
// Arguments are not checked.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/routing.h"

namespace switchyard::kernels {

struct ReferenceRoute {
  std::vector<std::uint16_t> expert;  // K, best first
  std::vector<float> weight;
  RouteFlags flags;  // of this row
};

// One token: its logits [E] and the bias [E] or none.
ReferenceRoute ReferenceRouteTopK(const RouteSpec& spec, std::span<const float> logits,
                                  std::span<const float> bias);

// One token of a hash layer; `table` is row-major with `top_k` columns.
ReferenceRoute ReferenceRouteHash(std::int32_t token_id, std::span<const std::uint16_t> table,
                                  std::uint32_t top_k);

struct ReferenceExpertChoice {
  std::vector<std::vector<std::uint32_t>> token;  // [E][min(C, T)], ascending
  std::vector<std::vector<float>> weight;
};

// logits row-major [T, E].
ReferenceExpertChoice ReferenceChooseTokens(const ExpertChoiceSpec& spec,
                                            std::span<const float> logits);

struct ReferenceStats {
  std::vector<std::uint32_t> per_expert;
  std::uint32_t repeated = 0;  // choices that the token before chose as well
  std::uint32_t compared = 0;  // choices that had a token before
};

// Choices row-major [T, top_k]; those that are no expert count nowhere.
ReferenceStats ReferenceRouteStats(std::span<const std::uint16_t> expert, std::uint32_t top_k,
                                   std::uint32_t experts);

}  // namespace switchyard::kernels
