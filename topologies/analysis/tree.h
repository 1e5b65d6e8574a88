// A platform drawn for a terminal: what is in its nodes and what joins them, alike parts once.
//
//   nodes 0-15: 16 alike
//   ├─ gpu - nvswitch: 8 nvlink links of 370 GB/s, 1.665 us
//   └─ host
//      ├─ 8x pcie0-7  55 GB/s, 0.3 us
//      │  ├─ gpu0-7  55 GB/s, 0.3 us
//      │  └─ nic0-7  55 GB/s, 0.3 us (network 48 GB/s, 0.8 us)
//      └─ dram  490 GB/s, 0.1 us
//   fabric
//   ├─ 8x leaf0-7  to 16x nic 48 GB/s, 0.8 us; 1x spine 768 GB/s, 0.45 us
//   └─ spine  to 8x leaf 768 GB/s, 0.45 us
#pragma once

#include <string>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

// At most 37 lines for any platform: parts that do not fit are counted. "8x" is per parent. A
// link's numbers stand behind the vertex further from the host bridge; they are those of one
// direction.
[[nodiscard]] std::string DrawTree(const Platform& platform);

// "0-3,5": runs of numbers, at most a few, then "...".
[[nodiscard]] std::string Runs(const std::vector<std::uint32_t>& ascending);

}  // namespace switchyard
