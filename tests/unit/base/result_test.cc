#include "sim/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>

namespace switchyard {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Diagnostic{{}, "number", "is odd"};
  return number / 2;
}

TEST(Result, HoldsAValueOrTheReasons) {
  const Result<int> four = Half(8);
  ASSERT_TRUE(four.ok());
  EXPECT_EQ(four.value(), 4);

  const Result<int> none = Half(7);
  ASSERT_FALSE(none.ok());
  ASSERT_EQ(none.errors().size(), 1U);
  EXPECT_EQ(none.errors()[0].ToString(), "error: number: is odd");
}

TEST(Result, UsingTheWrongSideThrowsAndIsNotUndefined) {
  EXPECT_THROW((void)Half(7).value(), std::bad_variant_access);
  EXPECT_THROW((void)Half(8).errors(), std::bad_variant_access);
}

TEST(Result, GivesUpAMoveOnlyValue) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, KeepsEveryReason) {
  const Result<std::string> result(Diagnostics{{{}, "a", "wrong"}, {{}, "b", "wrong too"}});
  EXPECT_EQ(result.errors().size(), 2U);
}

TEST(Result, OfVoidIsOkByDefault) {
  EXPECT_TRUE(Result<void>().ok());
  const Result<void> failed = FileError("a.json", "cannot be written");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.errors()[0].ToString(), "a.json: error: cannot be written");
}

}  // namespace
}  // namespace switchyard
