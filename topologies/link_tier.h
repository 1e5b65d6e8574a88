// The kinds of links a cluster has.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard {

// What kind of link, for reports and for per-tier parameters.
enum class LinkTier : std::uint8_t {
  kNvLink,  // GPU to NVSwitch, GPU to GPU
  kPcie,
  kNic,  // NIC to the first switch or router
  kLeafSpine,
  kHostMemory,
  kSsd,
  kSocket,           // CPU to CPU
  kEdgeAggregation,  // fat tree, within a pod
  kAggregationCore,  // fat tree, between pods
  kLocal,            // dragonfly, within a group
  kGlobal,           // dragonfly, between groups
  kTorus,            // between neighbours, and a chip to its router
  kSwitch            // between the switches of an explicit fabric
};
inline constexpr std::size_t kNumLinkTiers = 13;
[[nodiscard]] std::string_view ToString(LinkTier tier);  // "leaf_spine"
// By tier: whether its links are shared among collectives, each of which shares its part among its
// flows, instead of among all flows alike.
using LinkSharing = std::array<bool, kNumLinkTiers>;
// Between switches or routers of the fabric.
[[nodiscard]] bool IsFabric(LinkTier tier);

}  // namespace switchyard
