// Slots, dispatch layout and permutation on a GPU: slots.h over device memory, on a stream.
// Launches only, as routing_device.h. Built only with the CUDA toolkit.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "kernels/slots.h"

namespace switchyard::kernels {

[[nodiscard]] std::size_t AssignSlotsDeviceWorkspace(const CapacitySpec& spec, std::uint32_t tokens,
                                                     std::uint32_t experts, std::uint32_t top_k);
Status AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                   const Choices<Memory::kDevice>& choices, const SlotOutput<Memory::kDevice>& out,
                   DeviceSpan<std::byte> workspace, cudaStream_t stream);
Status DispatchLayout(DeviceMatrix<const std::uint16_t> expert,
                      DeviceMatrix<const std::int32_t> slot, const ExpertMap<Memory::kDevice>& map,
                      const LayoutOutput<Memory::kDevice>& out, cudaStream_t stream);
Status Permutation(DeviceMatrix<const std::uint16_t> expert,
                   const SlotOutput<Memory::kDevice>& slots, std::uint32_t tile,
                   const PermutationOutput<Memory::kDevice>& out, cudaStream_t stream);

}  // namespace switchyard::kernels
