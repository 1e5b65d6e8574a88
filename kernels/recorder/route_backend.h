// Where a recorded layer is routed: the twin on the host, or the kernels on a GPU. Both give the
// same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/capacity_spec.h"
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

// Contract: the calls of one step come in the order of its layers; a step's slot is ended, with
// stream(), before the next step's first layer. `logits` [tokens, experts] and `bias` are host
// memory and may be reused when Route returns.
class RouteBackend {
 public:
  virtual ~RouteBackend() = default;
  // For a ring with weights, and with drops where the capacity can drop.
  [[nodiscard]] virtual std::unique_ptr<RingMemory> MakeRing(const RingShape& shape) = 0;
  virtual Status Route(HostMatrix<const float> logits, HostSpan<const float> bias,
                       const StepSlot& slot, std::uint32_t layer) = 0;
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
