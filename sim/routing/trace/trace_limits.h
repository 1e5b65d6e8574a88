// Sizes that bound what a trace file can make its reader allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace switchyard {

inline constexpr std::string_view kTraceMagic = "MRT1";
inline constexpr std::uint32_t kTraceFormatMajor = 1;
inline constexpr std::uint32_t kTraceFormatMinor = 0;

// A record as it lies in the file: 4 MiB of payload and its message. Headers, gaps and footers
// hold small messages that grow in memory when parsed, so they get less.
inline constexpr std::size_t kMaxRecordBytes = (std::size_t{4} << 20) + 65536;
inline constexpr std::size_t kMaxSmallRecordBytes = std::size_t{1} << 20;
// The payload of a chunk, decompressed, all fields together.
inline constexpr std::uint64_t kMaxPayloadBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kMaxChunkChoices = std::uint64_t{1} << 26;
inline constexpr std::uint32_t kMaxTraceExperts = 65534;  // 65535 is "no choice"
inline constexpr std::size_t kMaxTraceLayers = 4096;
inline constexpr std::size_t kMaxTraceDomains = 255;  // 255 itself is "not known"

}  // namespace switchyard
