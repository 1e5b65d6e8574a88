#include "kernels/core/ordered_key.h"
#include "kernels/core/philox.h"
#include "kernels/cuda/launch.h"
#include "kernels/gpu/test_kernels.h"

namespace switchyard::kernels::gpu {
namespace {

__global__ void Empty() {}

__device__ void Store(float* to, float x) { *to = x; }
__device__ void Store(Bf16* to, float x) { to->bits = static_cast<std::uint16_t>(BitsOf(x) >> 16); }

template <class Logit>
__global__ void Fill(Logit* logits, std::size_t count, std::uint64_t seed) {
  constexpr float kSpread = 2.0F;
  const std::size_t stride = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count; i += stride) {
    const Words4 w =
        Philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), 0, 0}, seed);
    const float sum = UnitFloat(w.x) + UnitFloat(w.y) + UnitFloat(w.z) + UnitFloat(w.w);
    Store(&logits[i], kSpread * (sum - 2.0F));
  }
}

template <class Logit>
Status LaunchFill(DeviceSpan<Logit> logits, std::uint64_t seed, cudaStream_t stream) {
  constexpr unsigned kBlocks = 1024;
  constexpr unsigned kThreads = 256;
  if (logits.empty()) return {};
  Fill<<<kBlocks, kThreads, 0, stream>>>(logits.data, logits.size, seed);
  return Launched();
}

}  // namespace

Status LaunchEmpty(cudaStream_t stream) {
  Empty<<<1, 1, 0, stream>>>();
  return Launched();
}

Status FillLogits(DeviceSpan<float> logits, std::uint64_t seed, cudaStream_t stream) {
  return LaunchFill(logits, seed, stream);
}
Status FillLogits(DeviceSpan<Bf16> logits, std::uint64_t seed, cudaStream_t stream) {
  return LaunchFill(logits, seed, stream);
}

}  // namespace switchyard::kernels::gpu
