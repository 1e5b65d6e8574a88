#include "sim/base/check.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard {
namespace {

TEST(Check, NamesTheConditionTheFileAndTheReason) {
  const int ranks = 3;
  try {
    SWITCHYARD_CHECK(ranks == 4, "ranks are counted twice");
    FAIL() << "a false condition must throw";
  } catch (const InternalError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("check_test.cc:"), std::string::npos) << what;
    EXPECT_NE(what.find("ranks == 4"), std::string::npos) << what;
    EXPECT_NE(what.find("ranks are counted twice"), std::string::npos) << what;
  }
}

TEST(Check, EvaluatesTheMessageOnlyOnFailure) {
  int evaluated = 0;
  const auto message = [&evaluated] {
    ++evaluated;
    return std::string("why");
  };
  SWITCHYARD_CHECK(1 + 1 == 2, message());
  EXPECT_EQ(evaluated, 0);
  EXPECT_THROW(SWITCHYARD_CHECK(1 + 1 == 3, message()), InternalError);
  EXPECT_EQ(evaluated, 1);
}

}  // namespace
}  // namespace switchyard
