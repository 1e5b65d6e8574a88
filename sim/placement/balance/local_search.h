// Local search on a layout: the most loaded rank is made lighter, move by move, until no move
// helps.
//
//   Descend(layout, bound.max_load, problem.limits);
//   Perturb(layout, ...);
//
// A move is the best of: exchanging a slot of the most loaded rank with one of another rank; and,
// when no exchange helps, giving a slot to another expert (a replica less here, one more there).
// Every move makes the most loaded rank lighter and no other rank as heavy as it was, so the
// search ends; it does not allocate.
#pragma once

#include <cstdint>

#include "sim/placement/balance/layout.h"
#include "sim/placement/problem.h"

namespace switchyard {

// To a local optimum, or until the largest load is at most `enough`, or the limits' deadline or
// stop flag (not `iterations`).
void Descend(Layout& layout, double enough, const SearchLimits& limits);

// Empty slots get further replicas: of the expert that is relieved most and does not make the rank
// the most loaded one, or of the lightest. What the rules forbid stays empty.
void FillEmptySlots(Layout& layout);

// `limits.iterations` times: some slots change hands at random, and the search goes on from there;
// what became worse is undone. Deterministic for a seed.
void PerturbAndDescend(Layout& layout, double enough, const SearchLimits& limits,
                       std::uint64_t seed);

}  // namespace switchyard
