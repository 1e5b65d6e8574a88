// The arrays between the steps of AssignSlots in parallel (core/parallel_slots.h), cut from its
// workspace, and the keys that its queues are sorted by.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/capacity_spec.h"
#include "kernels/core/ordered_key.h"
#include "kernels/core/philox.h"
#include "kernels/core/queue.h"
#include "kernels/core/weights.h"
#include "kernels/core/workspace.h"
#include "kernels/views.h"

namespace switchyard::kernels::core {

// Both pairs have `count` entries, below 2^31; the first holds the input, both are overwritten.
struct SortBuffers {
  std::uint32_t* keys[2] = {};
  std::uint32_t* values[2] = {};
  std::uint32_t count = 0;
};

// What is sorted by what: complements, so that ascending is largest first.
struct ChoiceKey {
  CapacitySpec spec;
  const float* weight;  // [T, K], kWeight only
  std::uint32_t top_k;

  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t operator()(std::uint32_t i) const {
    return spec.drop == DropBy::kWeight ? ~OrderedKey(weight[i])
                                        : ~Philox({i / top_k, i % top_k, 0, 0}, spec.seed).x;
  }
};

struct TokenKey {
  const std::uint16_t* expert;
  const float* weight;
  std::uint32_t top_k;
  std::uint32_t experts;

  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::uint32_t operator()(std::uint32_t t) const {
    const std::size_t row = static_cast<std::size_t>(t) * top_k;
    return ~LargestKey(expert + row, weight + row, top_k, experts);
  }
};

struct BatchShape {
  std::uint32_t tokens;
  std::uint32_t experts;
  std::uint32_t top_k;
};

template <Memory kMemory>
struct ParallelScratch {
  Span<std::uint32_t, kMemory> counts;  // experts times tiles
  Span<std::uint32_t, kMemory> first;   // kNoTokenLeftBehind: where the next round goes on
  Span<std::uint8_t, kMemory> served;   // kNoTokenLeftBehind
  SortBuffers sort;                     // kWeight, kRandom: choices; kTokenPriority: tokens
  Span<std::byte, kMemory> sort_scratch;
  std::size_t bytes = 0;
};

[[nodiscard]] inline std::size_t SortedItems(const CapacitySpec& spec, const BatchShape& shape) {
  if (spec.drop == DropBy::kTokenPriority) return shape.tokens;
  const bool by_choice = spec.drop == DropBy::kWeight || spec.drop == DropBy::kRandom;
  return by_choice ? std::size_t{shape.tokens} * shape.top_k : 0;
}

// Cuts a workspace; over null it only counts the bytes. Those never fall as tokens are added, so
// that a workspace for the largest batch is enough for every other (the sort's scratch is CUB's to
// say). A shape with 2^31 choices or more is measured too, though AssignSlots refuses it.
template <class Backend, Memory kMemory>
Status CutScratch(const CapacitySpec& spec, const BatchShape& shape, std::byte* workspace,
                  ParallelScratch<kMemory>& scratch) {
  Carver<kMemory> carver(workspace);
  constexpr std::size_t kMostSorted = (std::size_t{1} << 31) - 1;
  // A round of kNoTokenLeftBehind has the choices of one rank: never more tiles than all of them.
  const std::size_t tiles = MostTiles(std::size_t{shape.tokens} * shape.top_k, shape.experts);
  if (spec.drop == DropBy::kNoTokenLeftBehind) {
    scratch.first = carver.template Take<std::uint32_t>(shape.experts);
    scratch.served = carver.template Take<std::uint8_t>(shape.tokens);
  }
  scratch.counts = carver.template Take<std::uint32_t>(shape.experts * tiles);
  const std::size_t sorted = SortedItems(spec, shape);
  scratch.sort.count = static_cast<std::uint32_t>(sorted < kMostSorted ? sorted : kMostSorted);
  if (sorted > 0) {
    for (int i = 0; i < 2; ++i) {
      scratch.sort.keys[i] = carver.template Take<std::uint32_t>(sorted).data;
      scratch.sort.values[i] = carver.template Take<std::uint32_t>(sorted).data;
    }
    std::size_t bytes = 0;
    if (const Status s = Backend::SortScratchBytes(scratch.sort.count, bytes); !s.ok()) return s;
    scratch.sort_scratch = carver.template Take<std::byte>(bytes);
  }
  scratch.bytes = carver.bytes();
  return {};
}

}  // namespace switchyard::kernels::core
