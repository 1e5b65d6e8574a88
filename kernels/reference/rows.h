// What the parts of the plain reference share: the order of values and the sum of a row.
#pragma once

#include <span>

#include "kernels/route_spec.h"

namespace switchyard::kernels::reference {

// Is `a` strictly before `b`? Larger first; NaN last, or first under torch's rule; -0 equals +0.
bool BetterValue(NanRule rule, float a, float b);

// NaN when there is no number among them.
float LargestNumber(std::span<const float> values);

// 32 partial sums: value e goes to number (e / 4) mod 32, in ascending order; then number i takes
// what is 16 away, then 8, 4, 2, 1 (rule N5 of a warp's reduction).
float LaneSum(std::span<const float> values);

// 32 partial sums: value i goes to number i mod 32; then as above.
float StridedSum(std::span<const float> values);

}  // namespace switchyard::kernels::reference
