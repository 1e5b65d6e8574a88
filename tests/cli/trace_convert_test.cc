// switchyard trace convert on what other tools write: the format is found, what was assumed is
// said, and what has no meaning is refused.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "sim/routing/trace/trace.h"
#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

std::string Write(const TemporaryFolder& folder, const std::string& name, const std::string& text) {
  const std::filesystem::path path = folder.path() / name;
  std::ofstream(path) << text;
  return path.string();
}

TEST(TraceConvert, FindsTheFormatAndWritesWhatReplayReads) {
  const TemporaryFolder folder;
  const std::string from =
      Write(folder, "moe_trace.csv", "1,4\n1,0\n2,5\n2,1\n1,3\n1,4\n2,0\n2,2\n");
  const std::string to = (folder.path() / "t.trace").string();
  const CommandResult done =
      RunSwitchyard({"trace", "convert", from, to, "--top-k", "2", "--experts", "8"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_NE(done.err.find("warning: the file does not mark sequences"), std::string::npos);
  const auto trace = LoadTrace(to);
  ASSERT_TRUE(trace.ok());
  EXPECT_EQ(trace.value().num_experts, 8U);
  EXPECT_EQ(trace.value().experts[1], (std::vector<ExpertIndex>{5, 1, 0, 2}));
  EXPECT_EQ(RunSwitchyard({"trace", "info", to}).exit_code, 0);
}

TEST(TraceConvert, RefusesWhatHasNoMeaning) {
  const TemporaryFolder folder;
  const std::string from = Write(folder, "c.csv", "layer_id,expert_id,count\n0,0,5\n0,1,5\n");
  const std::string to = (folder.path() / "t.trace").string();
  const CommandResult counts = RunSwitchyard({"trace", "convert", from, to, "--layers", "2"});
  EXPECT_EQ(counts.exit_code, 2);
  EXPECT_NE(counts.err.find("--layers: format counts_csv has no use for it"), std::string::npos);
  ASSERT_EQ(RunSwitchyard({"trace", "convert", from, to, "--top-k", "1"}).exit_code, 0);
  const CommandResult own =
      RunSwitchyard({"trace", "convert", to, (folder.path() / "u.trace").string(), "--seed", "2"});
  EXPECT_EQ(own.exit_code, 2);
  EXPECT_NE(own.err.find("--seed: a .trace or .npy file has no use for it"), std::string::npos);
  const CommandResult name = RunSwitchyard({"trace", "convert", from, to, "--format", "csv"});
  EXPECT_EQ(name.exit_code, 2);
  const CommandResult absent = RunSwitchyard({"trace", "convert", "absent.npz", to});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_NE(absent.err.find("absent.npz"), std::string::npos);
}

TEST(TraceConvert, FormatsAreDescribed) {
  const CommandResult listed = RunSwitchyard({"describe", "trace-formats"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_NE(listed.out.find("  vllm_npz: vLLM routed_experts"), std::string::npos);
  EXPECT_NE(listed.out.find("  megatron_router_trace: "), std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
