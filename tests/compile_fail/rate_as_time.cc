#include "sim/base/units.h"

using namespace switchyard::literals;

#ifdef SWITCHYARD_MISTAKE
constexpr switchyard::Seconds kTime = 50_GBps / 100_GB;  // upside down
#else
constexpr switchyard::Seconds kTime = 100_GB / 50_GBps;
#endif
static_assert(kTime == 2_s);
