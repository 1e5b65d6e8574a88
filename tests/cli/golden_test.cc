// Does every scenario still give the result that is committed beside it? Byte for byte, from every
// build type. After an intended change: SWITCHYARD_UPDATE_GOLDEN=1 ctest -R golden, and say in the
// commit what moved and why.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

using Json = nlohmann::ordered_json;

std::string ReadText(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string Below(std::string path, const std::string& key) { return path.append(".").append(key); }

// One line per value that differs, was added or is gone: path, committed, measured, change.
void Compare(const Json& expected, const Json& measured, const std::string& path,
             std::ostringstream& out) {
  if (expected == measured) return;
  if (expected.is_object() && measured.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      Compare(value, measured.value(key, Json()), Below(path, key), out);
    }
    for (const auto& [key, value] : measured.items()) {
      if (!expected.contains(key)) Compare(Json(), value, Below(path, key), out);
    }
    return;
  }
  out << (path.empty() ? "the result" : path.substr(1)) << ": committed "
      << expected.dump().substr(0, 80) << ", now " << measured.dump().substr(0, 80);
  if (expected.is_number() && measured.is_number()) {
    const double before = expected.get<double>();
    if (before != 0) out << " (" << 100 * (measured.get<double>() - before) / before << " %)";
  }
  out << "\n";
}

TEST(GoldenTable, ListsChangedAddedAndMissingKeys) {
  std::ostringstream out;
  Compare(Json::parse(R"({"a": 4, "zero": 0, "gone": 1, "same": {"x": 1}})"),
          Json::parse(R"({"a": 5, "zero": 2, "same": {"x": 1, "new": 3}})"), "", out);
  EXPECT_EQ(out.str(),
            "a: committed 4, now 5 (25 %)\n"
            "zero: committed 0, now 2\n"
            "gone: committed 1, now null\n"
            "same.new: committed null, now 3\n");
}

class Golden : public ::testing::TestWithParam<const char*> {};

TEST_P(Golden, ResultIsTheCommittedOne) {
  const std::string name = GetParam();
  const std::string file = InRepository("scenarios/expected/" + name + ".json");
  const std::string measured =
      WithoutSim(ResultOf(InRepository("scenarios/" + name + ".yaml"))) + "\n";
  if (std::getenv("SWITCHYARD_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary) << measured;
  }
  const std::string committed = ReadText(file);
  if (committed == measured) return;
  std::ostringstream table;
  Compare(Json::parse(committed, nullptr, false), Json::parse(measured), "", table);
  FAIL() << "differs from " << file << ":\n" << table.str();
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Golden,
                         ::testing::Values("quickstart", "deepseek_v2_lite_ep16_prefill",
                                           "deepseek_v3_decode_ep32", "what_if_slow_nic",
                                           "what_if_straggler"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace switchyard::testing
