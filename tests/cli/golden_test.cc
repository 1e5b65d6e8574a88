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

// One line per number that differs: path, committed, measured, change.
void Compare(const Json& expected, const Json& measured, const std::string& path,
             std::ostringstream& out) {
  if (expected == measured) return;
  if (expected.is_object() && measured.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      Compare(value, measured.value(key, Json()), path + "." + key, out);
    }
    return;
  }
  out << path.substr(1) << ": committed " << expected.dump().substr(0, 80) << ", now "
      << measured.dump().substr(0, 80);
  if (expected.is_number() && measured.is_number()) {
    const double before = expected.get<double>();
    out << " (" << 100 * (measured.get<double>() - before) / before << " %)";
  }
  out << "\n";
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
                                           "deepseek_v3_decode_ep32"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace switchyard::testing
