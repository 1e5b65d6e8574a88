// DeepSeek EPLB's three tensors as a folder of .npy files. Used by the sources of this folder.
#pragma once

#include <filesystem>

#include "sim/placement/files/placement_file.h"

namespace switchyard {

inline constexpr std::string_view kPhyToLog = "phy2log.npy";
inline constexpr std::string_view kLogToPhy = "log2phy.npy";
inline constexpr std::string_view kLogCount = "logcnt.npy";

// phy2log.npy; the two others, where they are there, must say the same.
[[nodiscard]] Result<PlacementFile> LoadEplbFolder(const std::filesystem::path& folder,
                                                   const PlacementFileContext& context);

}  // namespace switchyard
