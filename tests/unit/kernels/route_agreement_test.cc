// The plain reference, the lanes of a warp and the twin give the same bits: on random problems over
// all fields and sizes. The program route_exhaustive does the same for a million rows.
#include "tests/unit/kernels/route_agreement.h"

#include <gtest/gtest.h>

namespace switchyard::kernels {
namespace {

constexpr std::uint64_t kCases = 20000;

TEST(RouteAgreement, EveryCaseIsValid) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const std::uint32_t experts = RandomExperts(i);
    Draws draws(i);
    const Status status = Validate(RandomSpec(draws, experts));
    ASSERT_TRUE(status.ok()) << i << ": " << status.what;
  }
}

TEST(RouteAgreement, TwinEqualsReference) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const RouteCase c = MakeRouteCase(i, RandomExperts(i));
    const RouteBits want = BitsOfReference(c);
    const RouteBits got = BitsOfTwin(c, AvailableInstructions());
    ASSERT_EQ(want, got) << i << ": " << Describe(c, want, got);
    const RouteBits plain = BitsOfTwin(c, Instructions::kAny);
    ASSERT_EQ(want, plain) << i << ": " << Describe(c, want, plain);
  }
}

TEST(RouteAgreement, WarpEqualsReference) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const RouteCase c = MakeRouteCase(i, RandomExperts(i));
    const RouteBits want = BitsOfReference(c);
    const RouteBits got = BitsOfWarp(c);
    ASSERT_EQ(want, got) << i << ": " << Describe(c, want, got);
    const RouteBits memory = BitsOfWarpInMemory(c);
    ASSERT_EQ(want, memory) << i << ", in memory: " << Describe(c, want, memory);
  }
}

}  // namespace
}  // namespace switchyard::kernels
