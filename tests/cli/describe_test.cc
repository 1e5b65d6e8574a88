// Do the lists of `describe` name what the commands take?
#include <gtest/gtest.h>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

TEST(Describe, PlacementFormatsAndHowServersTakeThem) {
  const CommandResult listed = RunSwitchyard({"describe", "placement-formats"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_NE(listed.out.find("  sglang: SGLang: {\"physical_to_logical_map\""), std::string::npos);
  EXPECT_NE(listed.out.find("to the server: --init-expert-location FILE"), std::string::npos);
  EXPECT_NE(listed.out.find("  omni_infer: "), std::string::npos);
  const CommandResult below = RunSwitchyard({"describe", "placement-formats", "sglang"});
  EXPECT_EQ(below.exit_code, 1);
  EXPECT_NE(below.err.find("placement-formats is a list of names"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
