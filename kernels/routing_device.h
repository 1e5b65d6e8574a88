// The routing kernels on a GPU: routing.h over device memory, on a stream. Launches only: nothing
// here allocates or waits, so all of it can be captured in a CUDA graph. Built only with the CUDA
// toolkit.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "kernels/routing.h"

namespace switchyard::kernels {

// Arrays are on the current device and stay until the stream has passed the call. Same bits as the
// host's; a launch that fails returns kCuda with the runtime's error.
Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const float> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream);
Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const Bf16> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream);
Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const Fp16> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream);
Status RouteHash(DeviceSpan<const std::int32_t> token_id, DeviceMatrix<const std::uint16_t> table,
                 const RouteOutput<Memory::kDevice>& out, cudaStream_t stream);

[[nodiscard]] std::size_t ExpertChoiceDeviceWorkspace(const ExpertChoiceSpec& spec,
                                                      std::uint32_t tokens);
Status ExpertChoice(const ExpertChoiceSpec& spec, DeviceMatrix<const float> logits,
                    DeviceMatrix<std::uint32_t> token, DeviceMatrix<float> weight,
                    DeviceSpan<std::byte> workspace, cudaStream_t stream);
Status RouteStats(DeviceMatrix<const std::uint16_t> expert, std::uint32_t experts,
                  const RouteStatsOutput<Memory::kDevice>& out, cudaStream_t stream);

}  // namespace switchyard::kernels
