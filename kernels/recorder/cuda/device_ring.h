// A recorder's ring on a GPU: kernels write device memory, slots travel to pinned memory on a
// stream of the ring's own.
#pragma once

#include <memory>

#include "kernels/recorder/ring_memory.h"

namespace switchyard::kernels {

// On the current device. Null, with `status` saying why, when memory is refused.
[[nodiscard]] std::unique_ptr<RingMemory> MakeDeviceRing(const RingShape& shape, Status& status);

}  // namespace switchyard::kernels
