// The kinds of links a cluster has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard {

// What kind of link, for reports and for per-tier parameters.
enum class LinkTier : std::uint8_t { kNvLink, kPcie, kNic, kLeafSpine, kHostMemory, kSsd };
inline constexpr std::size_t kNumLinkTiers = 6;
[[nodiscard]] std::string_view ToString(LinkTier tier);  // "leaf_spine"

}  // namespace switchyard
