// Single-precision noise in bulk, for the generator that needs two numbers per token and expert.
#pragma once

#include <span>

#include "sim/base/rng.h"

namespace switchyard {

// Standard normals by the ziggurat method (Marsaglia, Tsang, J. Stat. Software 2000, in the form
// of Doornik's ZIGNOR, 2005): exact up to the 2^-24 steps of a float.
void FillNormals(Rng& rng, std::span<float> out);

// Adds standard Gumbel noise, -ln(-ln U), to each logit.
void AddGumbel(Rng& rng, std::span<float> logits);

}  // namespace switchyard
