// Where a warp keeps the words of a row, one per expert: in registers, or in memory.
//
// Lane l owns the experts 128 i + 4 l + j, so that it reads four neighbours at once; slot 4 i + j
// is its word for that expert. Rows are padded to whole slots.
#pragma once

#include <cstdint>

#include "kernels/core/score.h"

#if defined(__CUDACC__)
#define SWITCHYARD_UNROLL _Pragma("unroll")
#else
#define SWITCHYARD_UNROLL
#endif

namespace switchyard::kernels {

inline constexpr std::uint32_t kPerLane = 4;  // neighbouring experts of a lane
inline constexpr std::uint32_t kChunk = 128;  // experts of a warp's 4 slots
inline constexpr std::uint32_t kMaxRegisterExperts = 1024;

SWITCHYARD_KERNEL_INLINE std::uint32_t CountBits(std::uint32_t bits) {
#if defined(__CUDA_ARCH__)
  return static_cast<std::uint32_t>(__popc(bits));
#else
  return static_cast<std::uint32_t>(__builtin_popcount(bits));
#endif
}

// The least expert of a slot; lane l has 4 l more.
SWITCHYARD_KERNEL_INLINE constexpr std::uint32_t FirstOfSlot(std::uint32_t slot) {
  return slot / kPerLane * kChunk + slot % kPerLane;
}
SWITCHYARD_KERNEL_INLINE constexpr std::uint32_t ChunksOf(std::uint32_t experts) {
  return (experts + kChunk - 1) / kChunk;
}

template <class W, std::uint32_t kChunks>
struct RegisterRow {
  using Words = typename W::template Lanes<std::uint32_t>;
  static constexpr bool kQuads = true;  // reads four at a time

  Words word[kChunks * kPerLane];  // NOLINT: registers; an array class keeps nvcc from it

  [[nodiscard]] SWITCHYARD_KERNEL_INLINE Words Get(std::uint32_t slot) const { return word[slot]; }
  SWITCHYARD_KERNEL_INLINE void Set(std::uint32_t slot, const Words& words) { word[slot] = words; }
  // f(slot) for every slot.
  template <class F>
  SWITCHYARD_KERNEL_INLINE static void ForSlots(F f) {
    SWITCHYARD_UNROLL
    for (std::uint32_t slot = 0; slot < kChunks * kPerLane; ++slot) f(slot);
  }
  template <class F>
  SWITCHYARD_KERNEL_INLINE static void ForChunks(F f) {
    SWITCHYARD_UNROLL
    for (std::uint32_t chunk = 0; chunk < kChunks; ++chunk) f(chunk);
  }
};

// Expert e is word e, so that a lane can also read the others' words after a Sync.
template <class W>
struct MemoryRow {
  using Words = typename W::template Lanes<std::uint32_t>;
  static constexpr bool kQuads = false;

  std::uint32_t* word = nullptr;  // chunks * 128
  std::uint32_t chunks = 0;

  [[nodiscard]] SWITCHYARD_KERNEL_INLINE Words Get(std::uint32_t slot) const {
    const std::uint32_t* const from = word + FirstOfSlot(slot);
    return W::Map([from](std::uint32_t lane) { return from[kPerLane * lane]; }, W::LaneIds());
  }
  SWITCHYARD_KERNEL_INLINE void Set(std::uint32_t slot, const Words& words) {
    std::uint32_t* const to = word + FirstOfSlot(slot);
    W::Do([to](std::uint32_t lane, std::uint32_t value) { to[kPerLane * lane] = value; },
          W::LaneIds(), words);
  }
  template <class F>
  SWITCHYARD_KERNEL_INLINE void ForSlots(F f) const {
    for (std::uint32_t slot = 0; slot < chunks * kPerLane; ++slot) f(slot);
  }
  template <class F>
  SWITCHYARD_KERNEL_INLINE void ForChunks(F f) const {
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) f(chunk);
  }
};

// Four neighbouring values as floats, absent ones 0.
struct Quad {
  float value[kPerLane];  // NOLINT: registers
};

// May a row be read four values at a time? Rows in registers have to be.
template <class T>
bool ReadsQuads(const T* data, std::uint32_t experts) {
  constexpr std::uintptr_t kBytes = sizeof(T) * kPerLane;
  return experts % kPerLane == 0 && reinterpret_cast<std::uintptr_t>(data) % kBytes == 0;
}

template <class T>
SWITCHYARD_KERNEL_INLINE Quad ReadPresent(const T* row, std::uint32_t first,
                                          std::uint32_t experts) {
  Quad out{};
  SWITCHYARD_UNROLL
  for (std::uint32_t j = 0; j < kPerLane; ++j) {
    if (first + j < experts) out.value[j] = LogitOf(row[first + j]);
  }
  return out;
}

template <bool kQuads, class T>
SWITCHYARD_KERNEL_INLINE Quad ReadQuad(const T* row, std::uint32_t first, std::uint32_t experts) {
#if defined(__CUDA_ARCH__)
  struct alignas(sizeof(T) * kPerLane) Four {
    T value[kPerLane];
  };
  if constexpr (kQuads) {
    if (first >= experts) return {};
    const Four four = *reinterpret_cast<const Four*>(row + first);
    return {LogitOf(four.value[0]), LogitOf(four.value[1]), LogitOf(four.value[2]),
            LogitOf(four.value[3])};
  } else {
    return ReadPresent(row, first, experts);
  }
#else
  return ReadPresent(row, first, experts);
#endif
}

// A token's logits in whatever format: one kernel for all three.
struct LogitRow {
  const void* data = nullptr;
  LogitFormat format = LogitFormat::kFloat;

  [[nodiscard]] SWITCHYARD_KERNEL_INLINE float At(std::uint32_t expert) const {
    if (format == LogitFormat::kFloat) return LogitOf(static_cast<const float*>(data)[expert]);
    if (format == LogitFormat::kBf16) return LogitOf(static_cast<const Bf16*>(data)[expert]);
    return LogitOf(static_cast<const Fp16*>(data)[expert]);
  }
  template <bool kQuads>
  [[nodiscard]] SWITCHYARD_KERNEL_INLINE Quad From(std::uint32_t first,
                                                   std::uint32_t experts) const {
    if (format == LogitFormat::kFloat) {
      return ReadQuad<kQuads>(static_cast<const float*>(data), first, experts);
    }
    if (format == LogitFormat::kBf16) {
      return ReadQuad<kQuads>(static_cast<const Bf16*>(data), first, experts);
    }
    return ReadQuad<kQuads>(static_cast<const Fp16*>(data), first, experts);
  }
};

}  // namespace switchyard::kernels
