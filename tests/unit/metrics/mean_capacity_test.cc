// What a link had left on average: the integral of its factor over the step.
#include <gtest/gtest.h>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

TEST(MeanCapacity, IntegratesTheFactors) {
  const std::vector<LinkChange> changes = {{6_s, LinkId(1), 1.0},  // in any order
                                           {2_s, LinkId(1), 0.25},
                                           {0_s, LinkId(2), 0.5},
                                           {20_s, LinkId(0), 0.1}};
  const auto mean = MeanCapacity(4, changes, 10_s);
  EXPECT_EQ(mean[0], 1.0) << "changed after the end";
  EXPECT_DOUBLE_EQ(mean[1], (2 * 1 + 4 * 0.25 + 4 * 1) / 10.0);
  EXPECT_DOUBLE_EQ(mean[2], 0.5);
  EXPECT_EQ(mean[3], 1.0) << "never changed: exactly";
}

}  // namespace
}  // namespace switchyard
