// A case on the GPU, in a stream of its own. Every array is an allocation of its own, so that
// compute-sanitizer sees its bounds.
#include <cuda_runtime_api.h>

#include <deque>
#include <string>

#include "kernels/gpu/chain.h"
#include "kernels/gpu/guards.h"
#include "kernels/gpu/outcome.h"
#include "kernels/recorder/cuda/device_memory.h"
#include "kernels/routing_device.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels::gpu {
namespace {

class DevicePlace {
 public:
  static constexpr Memory kMemory = Memory::kDevice;

  explicit DevicePlace(Guard guard) : guard_(guard), stream_(status_) {}

  template <class T>
  const T* In(const std::vector<T>& values) {
    const std::size_t bytes = values.size() * sizeof(T);
    Array& array = arrays_.emplace_back("", bytes, Guard::kNone, status_);
    // From pageable memory: `values` has been read when the call returns.
    if (bytes > 0) {
      Note(cudaMemcpyAsync(array.data(), values.data(), bytes, cudaMemcpyHostToDevice, Stream()));
    }
    return reinterpret_cast<const T*>(array.data());
  }
  template <class T>
  T* Out(const char* name, std::size_t count) {
    return reinterpret_cast<T*>(NewOutput(name, count * sizeof(T)).data());
  }
  template <class T>
  T* Zeroed(const char* name, std::size_t count) {
    T* const data = Out<T>(name, count);
    Note(cudaMemsetAsync(data, 0, count * sizeof(T), Stream()));
    return data;
  }
  template <class T>
  void Copy(T* to, const T* from, std::size_t count) {
    if (count == 0) return;
    Note(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, Stream()));
  }
  DeviceSpan<std::byte> Workspace(std::size_t bytes) {
    return {NewOutput("", bytes).data(), bytes};
  }

  template <class Logits>
  Status Route(const RouteSpec& spec, Logits logits, DeviceSpan<const float> bias,
               const RouteOutput<kMemory>& out) {
    return RouteTopK(spec, logits, bias, out, Stream());
  }
  Status Hash(DeviceSpan<const std::int32_t> ids, DeviceMatrix<const std::uint16_t> table,
              const RouteOutput<kMemory>& out) {
    return RouteHash(ids, table, out, Stream());
  }
  Status Choose(const ExpertChoiceSpec& spec, DeviceMatrix<const float> logits,
                DeviceMatrix<std::uint32_t> token, DeviceMatrix<float> weight,
                DeviceSpan<std::byte> workspace) {
    return ExpertChoice(spec, logits, token, weight, workspace, Stream());
  }
  std::size_t ChooseBytes(const ExpertChoiceSpec& spec, std::uint32_t tokens) {
    return ExpertChoiceDeviceWorkspace(spec, tokens);
  }
  Status Stats(DeviceMatrix<const std::uint16_t> expert, std::uint32_t experts,
               const RouteStatsOutput<kMemory>& out) {
    return RouteStats(expert, experts, out, Stream());
  }
  std::size_t SlotsBytes(const CapacitySpec& spec, std::uint32_t tokens, std::uint32_t experts,
                         std::uint32_t top_k) {
    return AssignSlotsDeviceWorkspace(spec, tokens, experts, top_k);
  }
  Status Slots(const CapacitySpec& spec, std::uint32_t experts, const Choices<kMemory>& choices,
               const SlotOutput<kMemory>& out, DeviceSpan<std::byte> workspace) {
    return AssignSlots(spec, experts, choices, out, workspace, Stream());
  }
  Status Layout(DeviceMatrix<const std::uint16_t> expert, DeviceMatrix<const std::int32_t> slot,
                const ExpertMap<kMemory>& map, const LayoutOutput<kMemory>& out) {
    return DispatchLayout(expert, slot, map, out, Stream());
  }
  Status Permute(DeviceMatrix<const std::uint16_t> expert, const SlotOutput<kMemory>& slots,
                 std::uint32_t tile, const PermutationOutput<kMemory>& out) {
    return Permutation(expert, slots, tile, out, Stream());
  }

  // Waits for everything.
  Outcome Take() {
    Note(cudaStreamSynchronize(Stream()));
    Outcome outcome;
    for (const Array& array : arrays_) {
      if (array.guard == Guard::kNone && array.name.empty()) continue;
      std::vector<std::byte> bytes = Fetch(array);
      if (array.guard == Guard::kPoisonAndCanaries) outcome.fault += StripCanary(array.name, bytes);
      if (!array.name.empty()) outcome.arrays.push_back({array.name, std::move(bytes)});
    }
    if (!status_.ok()) outcome.fault = Text(status_);
    return outcome;
  }

  static std::string Text(const Status& status) {
    std::string text = status.what;
    if (status.code != StatusCode::kCuda) return text;
    return text + ": " + cudaGetErrorString(static_cast<cudaError_t>(status.cuda_error));
  }

 private:
  struct Array {
    Array(const char* the_name, std::size_t size, Guard the_guard, Status& status)
        : name(the_name),
          guard(the_guard),
          bytes(size + (the_guard == Guard::kNone ? 0 : kCanaryBytes)),
          memory(bytes, /*pinned=*/false, status) {}
    [[nodiscard]] std::byte* data() const { return memory.get(); }

    std::string name;  // empty: an input or a workspace, not reported
    Guard guard;
    std::size_t bytes;  // with the canary
    DeviceBuffer<std::byte> memory;
  };

  [[nodiscard]] cudaStream_t Stream() const { return stream_.get(); }
  void Note(cudaError_t error) {
    if (status_.ok()) status_ = CudaStatus(error, "a call of the runtime failed");
  }

  const Array& NewOutput(const char* name, std::size_t size) {
    Array& array = arrays_.emplace_back(name, size, guard_, status_);
    if (guard_ == Guard::kNone || array.data() == nullptr) return array;
    Note(cudaMemsetAsync(array.data(), static_cast<int>(kPoison), size, Stream()));
    Note(cudaMemsetAsync(array.data() + size, static_cast<int>(kCanary), kCanaryBytes, Stream()));
    return array;
  }

  std::vector<std::byte> Fetch(const Array& array) {
    std::vector<std::byte> bytes(array.bytes);
    if (!bytes.empty()) {
      Note(cudaMemcpy(bytes.data(), array.data(), bytes.size(), cudaMemcpyDeviceToHost));
    }
    return bytes;
  }

  Status status_;
  Guard guard_;
  DeviceStream stream_;
  std::deque<Array> arrays_;
};

}  // namespace

Outcome RunOnDevice(const Case& c, const Inputs& in, Guard guard) {
  DevicePlace place(guard);
  const Status status = RunChain(c, in, place);
  Outcome outcome = place.Take();
  if (!status.ok()) outcome.fault = DevicePlace::Text(status);
  return outcome;
}

std::string CudaVersion() {
  int version = 0;
  if (cudaRuntimeGetVersion(&version) != cudaSuccess) return "unknown";
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace switchyard::kernels::gpu
