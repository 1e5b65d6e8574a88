// What expert choice is made of on host and GPU: the workspace, and the score of one pair.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/core/checks.h"
#include "kernels/core/score.h"
#include "kernels/routing.h"

namespace switchyard::kernels {

// Keys [E, T], an expert's side by side; how many experts took each token.
template <Memory kMemory>
struct ExpertChoiceArrays {
  Matrix<std::uint32_t, kMemory> key;
  Span<std::uint32_t, kMemory> hits;
};

inline std::size_t ExpertChoiceBytes(const ExpertChoiceSpec& spec, std::uint32_t tokens) {
  const std::size_t keys = static_cast<std::size_t>(tokens) * spec.experts;
  return (keys + tokens) * sizeof(std::uint32_t);
}

// The caller has checked that the workspace is aligned and large enough.
template <Memory kMemory>
ExpertChoiceArrays<kMemory> LayOut(const ExpertChoiceSpec& spec, std::uint32_t tokens,
                                   Span<std::byte, kMemory> workspace) {
  const std::size_t keys = static_cast<std::size_t>(tokens) * spec.experts;
  auto* const words = reinterpret_cast<std::uint32_t*>(workspace.data);
  return {{words, spec.experts, tokens}, {words + keys, tokens}};
}

template <Memory kMemory>
Status CheckWorkspace(const ExpertChoiceSpec& spec, std::uint32_t tokens,
                      const Span<std::byte, kMemory>& workspace) {
  if (workspace.size < ExpertChoiceBytes(spec, tokens)) {
    return {StatusCode::kWorkspaceTooSmall, 0, "workspace: at least ExpertChoiceWorkspace bytes"};
  }
  if (reinterpret_cast<std::uintptr_t>(workspace.data) % alignof(std::uint32_t) != 0) {
    return BadShape("workspace: aligned to 4 bytes");
  }
  return {};
}

// NaN is last, and weighs nothing where it is taken all the same.
SWITCHYARD_KERNEL_INLINE std::uint32_t PairKey(float z, const SoftmaxOf& softmax) {
  return OrderedKey(SoftmaxShare(z, softmax));
}
SWITCHYARD_KERNEL_INLINE float PairWeight(std::uint32_t key, bool divide, std::uint32_t hits) {
  const float share = key <= kNanKey ? 0.0F : FloatOfKey(key);
  return divide ? det::Div(share, static_cast<float>(hits)) : share;
}

}  // namespace switchyard::kernels
