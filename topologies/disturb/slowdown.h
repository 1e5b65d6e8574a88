// What the readers of Disturbances share: paths and limits of entries, and what makes a slowdown
// meaningless.
#pragma once

#include <cstddef>
#include <string>

#include "sim/base/diagnostics.h"
#include "topologies/disturb/disturbances.h"
#include "topologies/disturb/effects.h"

namespace switchyard {

inline constexpr double kLeastLeft = 1e-6;  // of a link's capacity or a GPU's speed

// Entries of a list of faults and changes in all: a file must not take minutes to check.
inline constexpr std::size_t kMaxFaults = 256;
inline constexpr double kMaxChanges = 1 << 20;

// "disturbances.links[2]"
[[nodiscard]] std::string EntryPath(const char* list, std::size_t i);
void AddError(Diagnostics& errors, std::string path, std::string message);

// Empty when the slowdown of a link or GPU can be simulated.
[[nodiscard]] std::string WhatIsWrong(const Slowdown& slowdown);

[[nodiscard]] Effect AsEffect(const Slowdown& slowdown);

}  // namespace switchyard
