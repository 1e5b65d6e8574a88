// The trace commands as a user calls them: from drawing a trace to its statistics.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

class TraceCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    Run({"trace", "generate", "small.trace", "--layers", "4", "--tokens", "600", "--sequence",
         "200", "--no-weights"});
  }
  std::string Run(const std::vector<std::string>& arguments, int exit_code = 0) const {
    const CommandResult result = RunSwitchyard(arguments, folder_.path());
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    return exit_code == 0 ? result.out : result.err;
  }

  TemporaryFolder folder_;
};

TEST_F(TraceCommands, InfoOfAScaledTraceAsTextJsonAndCsv) {
  Run({"trace", "scale", "small.trace", "big.trace", "--layers", "9", "--experts", "256", "--top-k",
       "8"});
  const std::string text = Run({"trace", "info", "big.trace"});
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "256 experts, top-8, 9 MoE layers, 600 tokens in 3 sequences");
  EXPECT_NE(text.find("scaled from small.trace, synthetic, fitted: small.trace (64 experts, top-6, "
                      "4 MoE layers, 600 tokens)"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("acceptance"), std::string::npos) << "a drawn trace is not judged";
  const auto json =
      nlohmann::json::parse(Run({"trace", "info", "big.trace", "--json", "-", "--csv", "big.csv"}));
  EXPECT_EQ(json["layers"], 9);
  EXPECT_EQ(json["origin"], "synthetic, fitted");
  EXPECT_EQ(json["per_layer"]["affinity_top1"].size(), 8U);
  EXPECT_FALSE(json.contains("acceptance"));
  std::ifstream csv(folder_.path() / "big.csv");
  std::string line;
  int lines = 0;
  while (std::getline(csv, line)) ++lines;
  EXPECT_EQ(lines, 10) << "a header and nine layers";
}

TEST_F(TraceCommands, InfoJudgesARecordedTraceBesideItsControl) {
  Run({"trace", "convert", "small.trace", "as.topk_ids.npy"});  // forgets that it was drawn
  Run({"trace", "generate", "control.trace", "--uniform", "--layers", "4", "--tokens", "600",
       "--sequence", "200"});
  const std::string alone = Run({"trace", "info", "as.topk_ids.npy"});
  EXPECT_NE(alone.find("\nacceptance "), std::string::npos) << alone;
  EXPECT_NE(alone.find("(no --control)"), std::string::npos) << alone;
  const auto json = nlohmann::json::parse(
      Run({"trace", "info", "as.topk_ids.npy", "--control", "control.trace", "--json", "-"}));
  ASSERT_EQ(json["acceptance"]["lines"].size(), 9U);
  const auto& lag_1 = json["acceptance"]["lines"][0];
  EXPECT_EQ(lag_1["verdict"], "pass") << "the generator's overlap is 2.6 x uniform";
  EXPECT_LT(lag_1["control"][0], 1.5) << "uniform choices: 1 x uniform, and noise";
}

TEST_F(TraceCommands, SeveralFilesAreOneStreamOfDomains) {
  Run({"trace", "generate", "law.trace", "--layers", "4", "--tokens", "400", "--seed", "2"});
  const auto json =
      nlohmann::json::parse(Run({"trace", "info", "small.trace", "law.trace", "--json", "-"}));
  EXPECT_EQ(json["tokens"], 1000);
  EXPECT_EQ(json["domains"]["small"]["tokens"], 600);
  EXPECT_EQ(json["domains"]["law"]["tokens"], 400);
}

TEST_F(TraceCommands, FilesOfOneStemStayApart) {
  std::filesystem::create_directory(folder_.path() / "b");
  Run({"trace", "generate", "b/small.trace", "--layers", "4", "--tokens", "400", "--seed", "2"});
  std::filesystem::create_directory(folder_.path() / "a");
  std::filesystem::rename(folder_.path() / "small.trace", folder_.path() / "a/small.trace");
  const auto json = nlohmann::json::parse(
      Run({"trace", "info", "a/small.trace", "b/small.trace", "--json", "-"}));
  EXPECT_EQ(json["domains"]["a/small"]["tokens"], 600);
  EXPECT_EQ(json["domains"]["b/small"]["tokens"], 400);
}

TEST_F(TraceCommands, JoinKeepsRequestsApartAndNamesTheParts) {
  Run({"trace", "generate", "law.trace", "--layers", "4", "--tokens", "300", "--sequence", "100",
       "--no-weights", "--seed", "2"});
  Run({"trace", "join", "both.trace", "small.trace", "law.trace"});
  const auto json = nlohmann::json::parse(Run({"trace", "info", "both.trace", "--json", "-"}));
  EXPECT_EQ(json["tokens"], 600 + 300);
  const std::string text = Run({"trace", "info", "both.trace"});
  EXPECT_NE(text.find("900 tokens in 6 sequences"), std::string::npos)
      << "3 of 200 tokens and 3 of 100: " << text;
  EXPECT_NE(text.find("law"), std::string::npos) << "a part is a domain of its name: " << text;
  Run({"trace", "generate", "other.trace", "--layers", "5", "--tokens", "10", "--no-weights"});
  const std::string error = Run({"trace", "join", "all.trace", "small.trace", "other.trace"}, 1);
  EXPECT_NE(error.find("layers"), std::string::npos) << error;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "all.trace"));
}

TEST_F(TraceCommands, InfoRefusesAControlThatIsNone) {
  Run({"trace", "generate", "other.trace", "--layers", "3", "--tokens", "400"});
  EXPECT_EQ(Run({"trace", "info", "small.trace", "--control", "other.trace"}, 1),
            "other.trace: error: --control has 64 experts, top-6, 3 MoE layers; the trace has 64, "
            "top-6, 4\n");
  EXPECT_EQ(Run({"trace", "info", "small.trace", "--control", "./small.trace"}, 1),
            "./small.trace: error: --control is the trace itself\n");
  EXPECT_EQ(Run({"trace", "info", "small.trace", "./small.trace"}, 1),
            "./small.trace: error: is given twice\n");
}

TEST_F(TraceCommands, ScaleRefusesWhatWouldMislead) {
  EXPECT_NE(Run({"trace", "scale", "small.trace", "big.npy", "--layers", "9"}, 2)
                .find("a .npy cannot say that it is synthetic"),
            std::string::npos);
  EXPECT_NE(Run({"trace", "scale", "small.trace", "big.trace", "--experts", "32"}, 1)
                .find("small.trace: error: has 64 experts: they can be split into more"),
            std::string::npos);
  EXPECT_NE(Run({"trace", "scale", "small.trace", "small.trace"}, 2).find("overwrite the trace"),
            std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
