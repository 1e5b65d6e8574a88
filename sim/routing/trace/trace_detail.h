// What the two readers of RouterTrace (container and .npy) share.
#pragma once

#include <string>

#include "sim/routing/trace/trace.h"

namespace switchyard {

// Notes that hold the types of the .npy files a trace came from ("<i4"), so that it goes back
// unchanged.
inline constexpr const char* kNoteIdsType = "npy.topk_ids";
inline constexpr const char* kNoteSequencesType = "npy.seq_len";
// Says that the number of experts is only the largest id plus one.
inline constexpr const char* kNoteExperts = "experts";
inline constexpr const char* kInferred = "inferred from the largest id";

// No token has an expert twice. Returns what is wrong, or "".
[[nodiscard]] std::string CheckDistinct(const RouterTrace& trace);

[[nodiscard]] Result<RouterTrace> ImportNpy(const std::filesystem::path& ids_path,
                                            const LoadTraceOptions& options);

}  // namespace switchyard
