#include "kernels/recorder/cuda/device_ring.h"

#include <cuda_runtime_api.h>

#include <vector>

#include "kernels/recorder/cuda/device_memory.h"

namespace switchyard::kernels {
namespace {

// One array of all slots, on the device and pinned on the host.
template <class T>
struct MirroredArray {
  MirroredArray(std::size_t count, Status& status)
      : device(count, /*pinned=*/false, status), host(count, /*pinned=*/true, status) {}

  // Layer by layer the rows that are used: a matrix of `layers` rows with gaps between them.
  [[nodiscard]] cudaError_t Copy(const RingShape& shape, std::uint32_t slot, std::uint32_t tokens,
                                 cudaStream_t stream) const {
    if (device.get() == nullptr) return cudaSuccess;
    const std::size_t at = shape.Items() * slot;
    const std::size_t pitch = shape.LayerItems() * sizeof(T);
    const std::size_t width = std::size_t{tokens} * shape.top_k * sizeof(T);
    return cudaMemcpy2DAsync(host.get() + at, pitch, device.get() + at, pitch, width, shape.layers,
                             cudaMemcpyDeviceToHost, stream);
  }
  static T* At(const DeviceBuffer<T>& buffer, std::size_t at) {
    return buffer.get() == nullptr ? nullptr : buffer.get() + at;
  }

  DeviceBuffer<T> device;
  DeviceBuffer<T> host;
};

struct SlotEvents {
  explicit SlotEvents(Status& status) : written(status), copied(status) {}
  DeviceEvent written;  // by the kernels
  DeviceEvent copied;
};

class DeviceRing final : public RingMemory {
 public:
  DeviceRing(const RingShape& shape, Status& status)
      : shape_(shape),
        expert_(shape.Items() * shape.slots, status),
        weight_(shape.weights ? shape.Items() * shape.slots : 0, status),
        slot_(shape.drops ? shape.Items() * shape.slots : 0, status),
        copies_(status) {
    events_.reserve(shape.slots);
    for (std::uint32_t i = 0; i < shape.slots; ++i) events_.emplace_back(status);
  }

  [[nodiscard]] Memory where() const override { return Memory::kDevice; }
  [[nodiscard]] SlotArrays Slot(std::uint32_t slot) override {
    const std::size_t at = shape_.Items() * slot;
    return {expert_.At(expert_.device, at), weight_.At(weight_.device, at),
            slot_.At(slot_.device, at)};
  }

  Status BeginCopy(std::uint32_t slot, std::uint32_t tokens, StreamHandle stream) override {
    const SlotEvents& events = events_[slot];
    cudaError_t error = cudaEventRecord(events.written.get(), static_cast<cudaStream_t>(stream));
    if (error == cudaSuccess) {
      error = cudaStreamWaitEvent(copies_.get(), events.written.get(), 0);
    }
    if (tokens > 0) {
      if (error == cudaSuccess) error = expert_.Copy(shape_, slot, tokens, copies_.get());
      if (error == cudaSuccess) error = weight_.Copy(shape_, slot, tokens, copies_.get());
      if (error == cudaSuccess) error = slot_.Copy(shape_, slot, tokens, copies_.get());
    }
    if (error == cudaSuccess) error = cudaEventRecord(events.copied.get(), copies_.get());
    return CudaStatus(error, "a slot could not be copied from the GPU");
  }

  Status FinishCopy(std::uint32_t slot, SlotArrays& host) override {
    const std::size_t at = shape_.Items() * slot;
    host = {expert_.At(expert_.host, at), weight_.At(weight_.host, at), slot_.At(slot_.host, at)};
    return CudaStatus(cudaEventSynchronize(events_[slot].copied.get()),
                      "the copy of a slot, or a kernel before it, failed");
  }

 private:
  RingShape shape_;
  MirroredArray<std::uint16_t> expert_;
  MirroredArray<float> weight_;
  MirroredArray<std::int32_t> slot_;
  DeviceStream copies_;
  std::vector<SlotEvents> events_;
};

}  // namespace

std::unique_ptr<RingMemory> MakeDeviceRing(const RingShape& shape, Status& status) {
  status = {};
  auto ring = std::make_unique<DeviceRing>(shape, status);
  if (!status.ok()) return nullptr;
  return ring;
}

}  // namespace switchyard::kernels
