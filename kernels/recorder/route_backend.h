// Where a recorded layer is routed: the twin on the host, or the kernels on a GPU. Both give the
// same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/capacity_spec.h"
#include "kernels/core/philox.h"
#include "kernels/recorder/ring_memory.h"
#include "kernels/recorder/trace_recorder.h"
#include "kernels/route_spec.h"
#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// Tokens of a step that share the experts' slots: consecutive, `tokens` each, the last may be
// shorter.
struct CapacityGroups {
  CapacitySpec spec;
  std::uint32_t tokens = 0;  // 0: the whole step
};

// Where the rows of a Route() call stand in the trace.
struct RowsPlace {
  std::uint32_t layer = 0;        // of the trace, from 0
  std::uint64_t first_token = 0;  // of the trace
};

// The seed of a random drop rule for one group of tokens in one layer: another for each, or every
// layer and group would drop the same positions.
[[nodiscard]] inline std::uint64_t GroupSeed(std::uint64_t seed, const RowsPlace& place) {
  const Words4 words = Philox({place.layer, static_cast<std::uint32_t>(place.first_token),
                               static_cast<std::uint32_t>(place.first_token >> 32U), 0},
                              seed);
  return std::uint64_t{words.x} << 32U | words.y;
}

// Contract: the calls of one step come in the order of its layers; a step's slot is ended, with
// stream(), before the next step's first layer. `logits` [tokens, experts] and `bias` are host
// memory and may be reused when Route returns.
class RouteBackend {
 public:
  virtual ~RouteBackend() = default;
  // For a ring with weights, and with drops where the capacity can drop. Null, with `status` saying
  // why, when memory is refused.
  [[nodiscard]] virtual std::unique_ptr<RingMemory> MakeRing(const RingShape& shape,
                                                             Status& status) = 0;
  virtual Status Route(HostMatrix<const float> logits, HostSpan<const float> bias,
                       const StepSlot& slot, const RowsPlace& place) = 0;
  [[nodiscard]] virtual StreamHandle stream() const = 0;
};

[[nodiscard]] std::unique_ptr<RouteBackend> MakeHostBackend(const RouteSpec& spec,
                                                            const CapacityGroups& groups);
// Null, with `status` saying why, when memory cannot be had. Only where kernels are built
// (kernels/device.h says whether a device is there).
[[nodiscard]] std::unique_ptr<RouteBackend> MakeDeviceBackend(const RouteSpec& spec,
                                                              const CapacityGroups& groups,
                                                              std::uint32_t max_tokens,
                                                              Status& status);

}  // namespace switchyard::kernels
