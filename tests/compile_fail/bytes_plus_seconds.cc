#include "sim/base/units.h"

using namespace switchyard::literals;

#ifdef SWITCHYARD_MISTAKE
constexpr auto kSum = 1_GB + 1_s;
#else
constexpr auto kSum = 1_GB + 1_MB;
#endif
static_assert(kSum > 1_GB);
