// Does every mistake in a scenario give the message it should, in the right place?
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/scenario/load.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(SWITCHYARD_SOURCE_DIR) / "tests" / "diagnostics";

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> BadFiles() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("bad_") && name.ends_with(".yaml")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Diagnostics : public testing::TestWithParam<std::string> {
 protected:
  // Messages show files as they were named: relative to this folder.
  void SetUp() override { fs::current_path(kFolder); }
};

TEST_P(Diagnostics, AreAsExpected) {
  fs::path expected(GetParam());
  expected.replace_extension(".expected");
  ASSERT_TRUE(fs::exists(expected)) << "no " << expected;
  LoadOptions options;
  options.data_root = "cards";
  const Result<LoadedScenario> loaded = LoadScenario(GetParam(), options);
  ASSERT_FALSE(loaded.ok()) << "loads without a complaint";
  EXPECT_EQ(ToString(loaded.errors()), ReadAll(expected));
}

std::string StemOf(const testing::TestParamInfo<std::string>& file) {
  return fs::path(file.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(Files, Diagnostics, testing::ValuesIn(BadFiles()), StemOf);

TEST(DiagnosticsBase, ThereAreManyFiles) { EXPECT_GE(BadFiles().size(), 30U); }

// What the bad files start from is good, so that each shows its own mistake only.
TEST(DiagnosticsBase, TheBaseHasNoMistake) {
  fs::current_path(kFolder);
  const Result<LoadedScenario> loaded = LoadScenario("base/valid.yaml", {});
  EXPECT_TRUE(loaded.ok()) << ToString(loaded.errors());
}

TEST(DiagnosticsBase, CardsOfTheFolderLoad) {
  fs::current_path(kFolder);
  EXPECT_TRUE(LoadModelCard("tiny_moe", "cards").ok());
  EXPECT_TRUE(LoadClusterCard("two_boxes", "cards").ok());
}

}  // namespace
}  // namespace switchyard
