// Is the timeline of a whole run sound, and does it say what the result says?
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "sim/report/perfetto/reader.h"
#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

std::string ReadBytes(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

class TimelineOf : public ::testing::TestWithParam<const char*> {};

TEST_P(TimelineOf, IsSoundAndSumsToTheResult) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "step.pftrace";
  const auto result =
      ResultOf(InRepository(std::string("scenarios/") + GetParam()), {"--perfetto", file});
  Result<PerfettoTrace> read = ReadTrace(ReadBytes(file));
  ASSERT_TRUE(read.ok()) << ToString(read.errors());
  const PerfettoTrace& trace = read.value();
  EXPECT_EQ(ToString(CheckTrace(trace)), "");

  // Time inside each kind of collective, from the slices of all devices and from the result's means
  // over devices.
  std::map<std::string, double> slices;
  std::map<std::string, std::size_t> count;
  for (const TraceSlice& slice : trace.slices) {
    const std::string& name = *trace.events[slice.event].name;
    slices[name] += 1e-9 * static_cast<double>(slice.duration);
    ++count[name];
  }
  const auto devices = static_cast<double>(result["load"]["per_device_tokens"].size());
  std::map<std::string, double> collectives;
  for (const auto& c : result["collectives"]) {
    collectives[c["name"]] += devices * c["time_s"].get<double>();
  }
  ASSERT_FALSE(collectives.empty());
  for (const auto& [name, seconds] : collectives) {
    EXPECT_NEAR(slices[name], seconds, 1e-9 * static_cast<double>(count[name]))
        << name << ": at most 1 ns of rounding for each of " << count[name] << " slices";
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, TimelineOf,
                         ::testing::Values("quickstart.yaml", "deepseek_v2_lite_ep16_prefill.yaml",
                                           "deepseek_v3_decode_ep32.yaml"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace switchyard::testing
