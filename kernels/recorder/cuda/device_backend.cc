#include <cuda_runtime_api.h>

#include <algorithm>

#include "kernels/recorder/cuda/device_memory.h"
#include "kernels/recorder/cuda/device_ring.h"
#include "kernels/recorder/route_backend.h"
#include "kernels/routing_device.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels {
namespace {

std::uint32_t GroupTokens(const CapacityGroups& groups, std::uint32_t tokens) {
  return groups.tokens == 0 ? tokens : std::min(groups.tokens, tokens);
}

// All work is on one stream, so a buffer is written again only after its last reader.
class DeviceBackend final : public RouteBackend {
 public:
  DeviceBackend(const RouteSpec& spec, const CapacityGroups& groups, std::uint32_t max_tokens,
                Status& status)
      : spec_(spec),
        groups_(groups),
        stream_(status),
        logits_(std::size_t{max_tokens} * spec.experts, false, status),
        bias_(spec.experts, false, status),
        wanted_(spec.experts, false, status),
        kept_(spec.experts, false, status),
        workspace_bytes_(groups.spec.drop == DropBy::kNone
                             ? 0
                             : AssignSlotsDeviceWorkspace(groups.spec,
                                                          GroupTokens(groups, max_tokens),
                                                          spec.experts, spec.top_k)),
        workspace_(workspace_bytes_, false, status) {}

  [[nodiscard]] std::unique_ptr<RingMemory> MakeRing(const RingShape& shape,
                                                     Status& status) override {
    return MakeDeviceRing(shape, status);
  }
  [[nodiscard]] StreamHandle stream() const override { return stream_.get(); }

  // From pageable memory the copies have read their source when they return.
  Status Route(HostMatrix<const float> logits, HostSpan<const float> bias, const StepSlot& slot,
               const RowsPlace& place) override {
    cudaError_t error = cudaMemcpyAsync(logits_.get(), logits.data, logits.size() * sizeof(float),
                                        cudaMemcpyHostToDevice, stream_.get());
    if (error == cudaSuccess && !bias.empty()) {
      error = cudaMemcpyAsync(bias_.get(), bias.data, bias.size * sizeof(float),
                              cudaMemcpyHostToDevice, stream_.get());
    }
    if (error != cudaSuccess) return CudaStatus(error, "logits could not be copied to the GPU");
    const auto out = slot.Output<Memory::kDevice>(place.layer);
    const DeviceMatrix<const float> rows{logits_.get(), logits.rows, logits.cols};
    const DeviceSpan<const float> offsets{bias.empty() ? nullptr : bias_.get(), bias.size};
    const Status routed = RouteTopK(spec_, rows, offsets, out, stream_.get());
    if (!routed.ok() || groups_.spec.drop == DropBy::kNone) return routed;
    const std::uint32_t group = GroupTokens(groups_, slot.tokens());
    for (std::uint32_t first = 0; first < slot.tokens(); first += group) {
      const std::uint32_t tokens = std::min(group, slot.tokens() - first);
      CapacitySpec spec = groups_.spec;
      spec.seed = GroupSeed(spec.seed, {place.layer, place.first_token + first});
      const Status assigned =
          Assign(spec, out, slot.Slots<Memory::kDevice>(place.layer), first, tokens);
      if (!assigned.ok()) return assigned;
    }
    return {};
  }

 private:
  Status Assign(const CapacitySpec& spec, const RouteOutput<Memory::kDevice>& out,
                DeviceMatrix<std::int32_t> slots, std::uint32_t first, std::uint32_t tokens) {
    const std::uint32_t k = spec_.top_k;
    const Choices<Memory::kDevice> choices{{out.expert.Row(first), tokens, k},
                                           {out.weight.Row(first), tokens, k}};
    const SlotOutput<Memory::kDevice> output{{slots.Row(first), tokens, k},
                                             {wanted_.get(), spec_.experts},
                                             {kept_.get(), spec_.experts}};
    return AssignSlots(spec, spec_.experts, choices, output, {workspace_.get(), workspace_bytes_},
                       stream_.get());
  }

  RouteSpec spec_;
  CapacityGroups groups_;
  DeviceStream stream_;
  DeviceBuffer<float> logits_;
  DeviceBuffer<float> bias_;
  DeviceBuffer<std::uint32_t> wanted_;
  DeviceBuffer<std::uint32_t> kept_;
  std::size_t workspace_bytes_;
  DeviceBuffer<std::byte> workspace_;
};

}  // namespace

std::unique_ptr<RouteBackend> MakeDeviceBackend(const RouteSpec& spec, const CapacityGroups& groups,
                                                std::uint32_t max_tokens, Status& status) {
  status = {};
  auto backend = std::make_unique<DeviceBackend>(spec, groups, max_tokens, status);
  if (!status.ok()) return nullptr;
  return backend;
}

}  // namespace switchyard::kernels
