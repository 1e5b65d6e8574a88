#include "sim/base/ids.h"

constexpr std::size_t Capacity(switchyard::LinkId link) { return link.index() + 1; }

#ifdef SWITCHYARD_MISTAKE
constexpr std::size_t kCapacity = Capacity(switchyard::DeviceId{3});
#else
constexpr std::size_t kCapacity = Capacity(switchyard::LinkId{3});
#endif
static_assert(kCapacity == 4);
