#include "sim/base/units.h"

using switchyard::Seconds;

constexpr Seconds Twice(Seconds t) { return 2.0 * t; }

#ifdef SWITCHYARD_MISTAKE
constexpr Seconds kTwice = Twice(2.5);  // seconds, or microseconds?
#else
constexpr Seconds kTwice = Twice(Seconds{2.5});
#endif
static_assert(kTwice == Seconds{5.0});
