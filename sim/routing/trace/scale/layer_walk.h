// Which source layer each layer of a scaled trace repeats (trace_scale.h).
#pragma once

#include <cstdint>
#include <vector>

namespace switchyard {

// `wanted` numbers below `layers`; more than one layer, or wanted <= layers. Neighbours differ by
// 1 where wanted >= layers, one pair by 2 if need be.
[[nodiscard]] std::vector<std::uint32_t> LayerWalk(std::uint32_t layers, std::uint32_t wanted);

}  // namespace switchyard
