// `switchyard trace record`: from logits in a file to a trace that other commands read.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/routing/trace/npy.h"
#include "sim/routing/trace/trace.h"
#include "tests/cli/command_runner.h"
#include "tests/unit/recorder/safetensors_text.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kTokens = 6;
constexpr std::uint32_t kExperts = 4;

// Token t's logits are largest for expert t % 4, then for (t + 1) % 4.
std::vector<float> Logits() {
  std::vector<float> logits;
  for (std::uint32_t t = 0; t < kTokens; ++t) {
    for (std::uint32_t e = 0; e < kExperts; ++e) {
      logits.push_back(-static_cast<float>((e + kExperts - t % kExperts) % kExperts));
    }
  }
  return logits;
}

class TraceRecord : public ::testing::Test {
 protected:
  void SetUp() override {
    SafetensorsText text;
    text.Add("logits.1", "F32", {kTokens, kExperts}, Logits());
    text.Add<std::int32_t>("sequence_lengths", "I32", {2}, {2, 4});
    text.Metadata("model_name", "toy").Metadata("top_k", "2");
    std::ofstream(folder_.path() / "l.safetensors", std::ios::binary) << text.Text();
    NpyArray array{NpyType::kF4, {kTokens, kExperts}, std::string(4 * kTokens * kExperts, '\0')};
    std::memcpy(array.data.data(), Logits().data(), array.data.size());
    std::ofstream(folder_.path() / "l.npy", std::ios::binary) << FormatNpy(array);
  }
  CommandResult Record(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments{"trace", "record", "t.trace"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunSwitchyard(arguments, folder_.path());
  }
  RouterTrace Trace() const {
    auto trace = LoadTrace(folder_.path() / "t.trace");
    EXPECT_TRUE(trace.ok()) << (trace.ok() ? "" : ToString(trace.errors()));
    return trace.ok() ? std::move(trace).value() : RouterTrace();
  }
  TemporaryFolder folder_;
};

TEST_F(TraceRecord, ChoosesTheLargestLogits) {
  const auto result = Record({"--router", "mixtral", "--logits", "l.safetensors"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out + result.err, "");
  const RouterTrace trace = Trace();
  EXPECT_EQ(trace.top_k, 2U);  // the file's own
  EXPECT_EQ(trace.runs.size(), 2U);
  for (std::uint32_t t = 0; t < kTokens; ++t) {
    EXPECT_EQ(trace.Choices(0, t)[0], t % kExperts);
    EXPECT_EQ(trace.Choices(0, t)[1], (t + 1) % kExperts);
    // softmax of the logits 0 and -1, normalised over the two: 1 / (1 + e^-1) and the rest.
    EXPECT_NEAR(trace.Weight(0, t * 2), 1 / (1 + std::exp(-1.0)), 1e-6);
  }
  const auto info = RunSwitchyard({"trace", "info", "t.trace"}, folder_.path());
  EXPECT_EQ(info.exit_code, 0) << info.err;
}

TEST_F(TraceRecord, ReadsNpyAndOptionsBesideIt) {
  const auto result = Record({"--router", "mixtral", "--logits", "l.npy", "--top-k", "1",
                              "--first-layer", "3", "--weights", "none", "--step-tokens", "4"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const RouterTrace trace = Trace();
  EXPECT_EQ(trace.top_k, 1U);
  EXPECT_EQ(trace.layer_ids, (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(trace.weight_format, WeightFormat::kNone);
  EXPECT_EQ(trace.steps.size(), 2U);
}

// switch: capacity ceil or floor of 1.0 * 6 / 4 slots, so of top-1 choices 0 1 2 3 0 1 none exceeds
// two.
TEST_F(TraceRecord, ACapacityFactorDrops) {
  ASSERT_EQ(Record({"--router", "mixtral", "--logits", "l.npy", "--top-k", "1", "--capacity-factor",
                    "2/3"})
                .exit_code,
            0);
  // ceil(2/3 * 6 * 1 / 4) = 1 slot: the second tokens of experts 0 and 1 are dropped.
  const RouterTrace trace = Trace();
  ASSERT_EQ(trace.kept.size(), 1U);
  EXPECT_EQ(trace.kept[0], (KeptMask{1, 1, 1, 1, 0, 0}));
}

TEST_F(TraceRecord, WrongInputLeavesNothingBehind) {
  const auto expect = [&](const std::vector<std::string>& options, int code,
                          const std::string& message) {
    const auto result = Record(options);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    EXPECT_EQ(folder_.Files(), (std::vector<std::string>{"l.npy", "l.safetensors"}));
  };
  expect({"--router", "mixtrel", "--logits", "l.npy"}, 2, "mixtral");
  expect({"--logits", "l.npy"}, 2, "--router");
  expect({"--router", "mixtral", "--logits", "absent.npy"}, 1, "absent.npy");
  expect({"--router", "mixtral", "--logits", "l.npy", "--top-k", "5"}, 1, "1 to 4 are possible");
  expect({"--router", "mixtral", "--logits", "l.npy", "--groups", "3"}, 1, "divisor of experts");
  expect({"--router", "mixtral", "--logits", "l.npy", "--capacity-factor", "0"}, 1,
         "capacity factor '0'");
  expect({"--router", "mixtral", "--logits", "l.npy", "--sequences", "l.npy"}, 1, "integers");
}

TEST_F(TraceRecord, WithoutAGpuAskingForOneIsAnError) {
  const auto result =
      Record({"--router", "mixtral", "--logits", "l.npy", "--top-k", "2", "--device", "gpu"});
  if (result.exit_code == 0) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("--device gpu: "), std::string::npos) << result.err;
}

TEST(DescribeRouters, SaysWhatARouterDoes) {
  const auto list = RunSwitchyard({"describe", "routers"});
  EXPECT_NE(list.out.find("deepseek_v3"), std::string::npos) << list.err;
  const auto one = RunSwitchyard({"describe", "routers", "deepseek_v3"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_NE(one.out.find("top-8 of 256"), std::string::npos) << one.out;
  const auto none = RunSwitchyard({"describe", "routers", "deepsek_v3"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("did you mean 'deepseek_v3'"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace switchyard::testing
