// RouteTopK on the host, row after row: the rules of core/score.h in loops that a compiler turns
// into vectors. Written apart from the lanes of core/route.h, which run on a GPU, because emulating
// a warp is slow; the tests hold both to the same bits.
//
// RouteRows picks the fastest code that the processor has: with AVX2 and FMA, or for any processor,
// where an exact fused multiply-add costs a call of the C library. The bits are the same.
#pragma once

#include "kernels/routing.h"

namespace switchyard::kernels {

enum class Instructions : std::uint8_t { kAny, kAvx2Fma };

// The best that this processor has.
Instructions AvailableInstructions();

// Arguments are checked by the caller.
template <class Logit>
void RouteRows(const RouteSpec& spec, HostMatrix<const Logit> logits, HostSpan<const float> bias,
               const RouteOutput<Memory::kHost>& out, Instructions instructions);

}  // namespace switchyard::kernels
