#include "sim/base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace switchyard {
namespace {

// That an id of one kind is not one of another is shown in tests/compile_fail too.
static_assert(!std::is_convertible_v<DeviceId, LinkId>);
static_assert(!std::is_convertible_v<std::size_t, DeviceId>, "an index must be made an id openly");
static_assert(sizeof(DeviceId) == sizeof(std::uint32_t));

TEST(Ids, AreOrderedAndHashedByTheirIndex) {
  EXPECT_EQ(DeviceId{3}.index(), 3U);
  EXPECT_EQ(DeviceId{}, DeviceId{0});
  EXPECT_LT(DeviceId{2}, DeviceId{10});
  const std::unordered_set<LinkId> links = {LinkId{1}, LinkId{2}, LinkId{1}};
  EXPECT_EQ(links.size(), 2U);
}

}  // namespace
}  // namespace switchyard
