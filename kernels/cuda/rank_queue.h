// The kernels of core/rank.h on a stream: slots of a whole queue in three launches.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/core/rank.h"
#include "kernels/status.h"

namespace switchyard::kernels {

// Counts only: out.wanted, out.kept and out.first as if the queue were served.
Status CountQueue(const core::Queue& queue, const core::RankPlan& plan,
                  const core::RankOutputs& out, cudaStream_t stream);
// Serves the queue.
Status RankQueue(const core::Queue& queue, const core::RankPlan& plan, const core::RankOutputs& out,
                 cudaStream_t stream);

}  // namespace switchyard::kernels
