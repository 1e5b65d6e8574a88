#include "sim/base/ids.h"

constexpr std::size_t Rank(switchyard::DeviceId device) { return device.index(); }

#ifdef SWITCHYARD_MISTAKE
constexpr std::size_t kRank = Rank(std::size_t{3});
#else
constexpr std::size_t kRank = Rank(switchyard::DeviceId{3});
#endif
static_assert(kRank == 3);
