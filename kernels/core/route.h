// RouteTopK of one token on a warp: what the kernels of cuda/route_topk.cu run on a GPU and the
// tests, with HostWarp, on the host.
//
//   RegisterRow<W, 2> row;                       // up to 256 experts
//   RowFlags flags = RouteInRegisters<W>(spec, input, row, {expert, weight});
#pragma once

#include <cstdint>

#include "kernels/core/route_groups.h"
#include "kernels/core/route_keys.h"
#include "kernels/core/route_select.h"
#include "kernels/core/route_weights.h"
#include "kernels/core/route_winners.h"

namespace switchyard::kernels {

// Can the kernels keep rows of this specification in registers? They also have to be aligned
// (ReadsQuads).
inline bool FitsRegisters(const RouteSpec& spec) {
  return spec.experts <= kMaxRegisterExperts && spec.experts % kPerLane == 0 &&
         (!LimitsGroups(spec) || GroupsAreLanes(spec));
}

template <class W, class Row>
SWITCHYARD_KERNEL_INLINE SoftmaxOf FindKeys(const RouteSpec& spec, const RowInput& in, Row& row,
                                            RowFlags& flags) {
  ReadLogits<W>(spec, in, row, flags);
  SoftmaxOf softmax;
  if (NeedsSoftmax(spec)) softmax = SoftmaxOverRow<W>(spec, row, flags.any_nan);
  KeyRow<W>(spec, in, softmax, row, flags);
  return softmax;
}

template <class W, class Row>
SWITCHYARD_KERNEL_INLINE RowFlags RouteInRegisters(const RouteSpec& spec, const RowInput& in,
                                                   Row& row, const RowOutput& out) {
  RowFlags flags;
  const SoftmaxOf softmax = FindKeys<W>(spec, in, row, flags);
  if (LimitsGroups(spec)) LimitGroupsOfLanes<W>(spec, row);
  Winners<W> winners;
  PickWinners(spec, row, winners);
  WriteWinners<W>(spec, in.logits, softmax, winners, out);
  FlagWinners(spec, winners, flags);
  return flags;
}

// Words of memory for RouteInMemory: keys, groups, winners.
inline std::uint32_t RouteScratchWords(const RouteSpec& spec) {
  return ChunksOf(spec.experts) * kChunk + spec.groups + 2 * kMaxTopK;
}

template <class W>
SWITCHYARD_KERNEL_INLINE RowFlags RouteInMemory(const RouteSpec& spec, const RowInput& in,
                                                std::uint32_t* scratch, const RowOutput& out) {
  constexpr std::uint32_t kOneByOneUpTo = 16;  // winners, and all of a naive tie rule
  RowFlags flags;
  MemoryRow<W> row;
  row.word = scratch;
  row.chunks = ChunksOf(spec.experts);
  std::uint32_t* const group_key = scratch + row.chunks * kChunk;
  const SoftmaxOf softmax = FindKeys<W>(spec, in, row, flags);
  if (LimitsGroups(spec)) LimitGroupsInMemory(spec, row, group_key);
  Winners<W> winners;
  if (spec.top_k <= kOneByOneUpTo) {
    PickWinners(spec, row, winners);
  } else {
    SelectWinners(spec, row, group_key + spec.groups, winners);
  }
  WriteWinners<W>(spec, in.logits, softmax, winners, out);
  FlagWinners(spec, winners, flags);
  return flags;
}

}  // namespace switchyard::kernels
