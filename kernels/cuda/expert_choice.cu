// ExpertChoice on a GPU: keys of all pairs, then a block per expert selects its tokens by radix and
// writes them in their order, then the weights.
#include <cuda_runtime.h>

#include "kernels/core/dev_warp.h"
#include "kernels/core/expert_choice.h"
#include "kernels/core/route_keys.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing_device.h"

namespace switchyard::kernels {
namespace {

using Arrays = ExpertChoiceArrays<Memory::kDevice>;

constexpr unsigned kThreads = 256;
constexpr unsigned kWarps = kThreads / kWarpLanes;

// A warp per token, a softmax over its experts. Lanes have experts 128 i + 4 l + j.
__global__ void __launch_bounds__(kThreads)
    KeysOverExpertsKernel(DeviceMatrix<const float> logits, Arrays arrays) {
  const std::uint32_t token = blockIdx.x * kWarps + threadIdx.x / kWarpLanes;
  if (token >= logits.rows) return;  // a whole warp
  const float* const z = logits.Row(token);
  const std::uint32_t lane = DevWarp::LaneIds();
  const auto expert = [lane](std::uint32_t slot) { return FirstOfSlot(slot) + kPerLane * lane; };
  const std::uint32_t slots = ChunksOf(logits.cols) * kPerLane;
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (expert(slot) >= logits.cols) continue;
    const std::uint32_t key = OrderedKey(LogitOf(z[expert(slot)]));
    largest = key > largest ? key : largest;
  }
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(DevWarp::Max(largest));
  float partial = 0.0F;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (expert(slot) >= logits.cols) continue;
    partial = det::Add(partial, SoftmaxAddend(LogitOf(z[expert(slot)]), softmax.max));
  }
  softmax.sum = SumOverLanes<DevWarp>(partial);
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    if (expert(slot) >= logits.cols) continue;
    arrays.key.At(expert(slot), token) = PairKey(LogitOf(z[expert(slot)]), softmax);
  }
}

// A block per 32 experts, a softmax over tokens: thread (x, y) has expert x and tokens y, y + 32,
// ….
__global__ void __launch_bounds__(kWarpLanes* kWarpLanes)
    KeysOverTokensKernel(DeviceMatrix<const float> logits, Arrays arrays) {
  __shared__ std::uint32_t word[kWarpLanes][kWarpLanes];  // [y][x]: no two lanes in one bank
  const std::uint32_t x = threadIdx.x;
  const std::uint32_t y = threadIdx.y;
  const std::uint32_t expert = blockIdx.x * kWarpLanes + x;
  const bool there = expert < logits.cols;
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t t = y; there && t < logits.rows; t += kWarpLanes) {
    const std::uint32_t key = OrderedKey(LogitOf(logits.At(t, expert)));
    largest = key > largest ? key : largest;
  }
  word[y][x] = largest;
  __syncthreads();
  for (std::uint32_t i = 0; i < kWarpLanes; ++i) largest = max(largest, word[i][x]);
  __syncthreads();
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(largest);
  float partial = 0.0F;
  for (std::uint32_t t = y; there && t < logits.rows; t += kWarpLanes) {
    partial = det::Add(partial, SoftmaxAddend(LogitOf(logits.At(t, expert)), softmax.max));
  }
  word[y][x] = BitsOf(partial);
  __syncthreads();
  for (std::uint32_t distance = kWarpLanes / 2; distance > 0; distance /= 2) {
    if (y < distance) {
      const float sum = det::Add(FloatOf(word[y][x]), FloatOf(word[y + distance][x]));
      word[y][x] = BitsOf(sum);
    }
    __syncthreads();
  }
  softmax.sum = FloatOf(word[0][x]);
  for (std::uint32_t t = y; there && t < logits.rows; t += kWarpLanes) {
    arrays.key.At(expert, t) = PairKey(LogitOf(logits.At(t, expert)), softmax);
  }
}

// The key of an expert's last token that is taken, found a digit at a time.
struct Cut {
  std::uint32_t key;
  std::uint32_t ties;  // tokens with just that key that are taken
};

__device__ Cut FindCut(const std::uint32_t* key, std::uint32_t tokens, std::uint32_t slots) {
  constexpr int kDigitBits = 8;
  __shared__ std::uint32_t count[1U << kDigitBits];
  __shared__ Cut cut;
  if (threadIdx.x == 0) cut = {0, slots};
  for (int shift = 32 - kDigitBits; shift >= 0; shift -= kDigitBits) {
    count[threadIdx.x] = 0;
    __syncthreads();
    const std::uint32_t known = shift == 32 - kDigitBits ? 0U : ~0U << (shift + kDigitBits);
    for (std::uint32_t t = threadIdx.x; t < tokens; t += kThreads) {
      if ((key[t] & known) != cut.key) continue;
      atomicAdd(&count[key[t] >> shift & (kThreads - 1)], 1U);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      std::uint32_t digit = kThreads - 1;
      for (; count[digit] < cut.ties; --digit) cut.ties -= count[digit];
      cut.key |= digit << shift;
    }
    __syncthreads();
  }
  return cut;
}

// How many threads of the block before this one say yes; `all`: how many in the block.
__device__ std::uint32_t RankInBlock(bool yes, std::uint32_t& all) {
  __shared__ std::uint32_t of_warp[kWarps];
  const std::uint32_t bits = __ballot_sync(0xFFFFFFFFU, yes);
  const std::uint32_t warp = threadIdx.x / kWarpLanes;
  __syncthreads();
  if (threadIdx.x % kWarpLanes == 0) of_warp[warp] = CountBits(bits);
  __syncthreads();
  std::uint32_t before = CountBits(bits & ((1U << threadIdx.x % kWarpLanes) - 1U));
  all = 0;
  for (std::uint32_t w = 0; w < kWarps; ++w) {
    before += w < warp ? of_warp[w] : 0U;
    all += of_warp[w];
  }
  return before;
}

__global__ void __launch_bounds__(kThreads)
    ChooseKernel(Arrays arrays, DeviceMatrix<std::uint32_t> token) {
  const std::uint32_t expert = blockIdx.x;
  const std::uint32_t* const key = arrays.key.Row(expert);
  const std::uint32_t tokens = arrays.key.cols;
  const Cut cut = FindCut(key, tokens, token.cols);
  std::uint32_t ties = 0;
  std::uint32_t taken = 0;
  for (std::uint32_t first = 0; first < tokens; first += kThreads) {
    const std::uint32_t t = first + threadIdx.x;
    const std::uint32_t k = t < tokens ? key[t] : kExcludedKey;
    std::uint32_t ties_here = 0;
    std::uint32_t taken_here = 0;
    const std::uint32_t tie = ties + RankInBlock(k == cut.key, ties_here);
    const bool takes = k > cut.key || (k == cut.key && tie < cut.ties);
    const std::uint32_t at = taken + RankInBlock(takes, taken_here);
    if (takes) {
      token.At(expert, at) = t;
      atomicAdd(&arrays.hits[t], 1U);
    }
    ties += ties_here;
    taken += taken_here;
  }
}

__global__ void __launch_bounds__(kThreads)
    WeightsKernel(Arrays arrays, DeviceMatrix<const std::uint32_t> token, float* weight,
                  bool divide) {
  const std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= token.size()) return;
  const std::uint32_t t = token.data[i];
  weight[i] = PairWeight(arrays.key.At(i / token.cols, t), divide, arrays.hits[t]);
}

Status LaunchKeys(const ExpertChoiceSpec& spec, DeviceMatrix<const float> logits,
                  const Arrays& arrays, cudaStream_t stream) {
  if (spec.softmax_over_tokens) {
    const unsigned blocks = (logits.cols + kWarpLanes - 1) / kWarpLanes;
    KeysOverTokensKernel<<<blocks, dim3(kWarpLanes, kWarpLanes), 0, stream>>>(logits, arrays);
  } else {
    const unsigned blocks = (logits.rows + kWarps - 1) / kWarps;
    KeysOverExpertsKernel<<<blocks, kThreads, 0, stream>>>(logits, arrays);
  }
  return Launched();
}

}  // namespace

std::size_t ExpertChoiceDeviceWorkspace(const ExpertChoiceSpec& spec, std::uint32_t tokens) {
  return ExpertChoiceBytes(spec, tokens);
}

Status ExpertChoice(const ExpertChoiceSpec& spec, DeviceMatrix<const float> logits,
                    DeviceMatrix<std::uint32_t> token, DeviceMatrix<float> weight,
                    DeviceSpan<std::byte> workspace, cudaStream_t stream) {
  if (const Status s = CheckExpertChoice(spec, logits, token, weight); !s.ok()) return s;
  if (const Status s = CheckWorkspace(spec, logits.rows, workspace); !s.ok()) return s;
  if (logits.rows == 0) return {};
  const Arrays arrays = LayOut(spec, logits.rows, workspace);
  const std::size_t hit_bytes = arrays.hits.size * sizeof(std::uint32_t);
  if (const Status s = SetBytes(arrays.hits.data, 0, hit_bytes, stream); !s.ok()) return s;
  if (const Status s = LaunchKeys(spec, logits, arrays, stream); !s.ok()) return s;
  ChooseKernel<<<spec.experts, kThreads, 0, stream>>>(arrays, token);
  if (const Status s = Launched(); !s.ok()) return s;
  const auto blocks = static_cast<unsigned>((token.size() + kThreads - 1) / kThreads);
  WeightsKernel<<<blocks, kThreads, 0, stream>>>(arrays, {token.data, token.rows, token.cols},
                                                 weight.data, spec.divide_by_hits);
  return Launched();
}

}  // namespace switchyard::kernels
