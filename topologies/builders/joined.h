// Whether the GPUs of a platform whose links a user wrote out all reach each other on paths that
// hardware takes: not through memories, through other GPUs only over NVLink, not through other
// nodes.
#pragma once

#include <optional>
#include <utility>

#include "topologies/platform.h"

namespace switchyard {

// A pair of GPUs without a path; none when all have one. Time: GPUs times the GPUs of a node, and
// what the fabric takes to walk once.
[[nodiscard]] std::optional<std::pair<DeviceId, DeviceId>> FindUnjoined(const Platform& platform);

}  // namespace switchyard
