// Does every command refuse, before it works, what would destroy a file or mix two outputs? And the
// exit codes and messages around it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <new>
#include <sstream>

#include "sim/cli/command.h"
#include "sim/pipeline/isolate.h"
#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

using Arguments = std::vector<std::string>;

const std::string kQuickstart = InRepository("scenarios/quickstart.yaml");

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A folder with a scenario of its own, q.yaml.
class Outputs : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.path() / "q.yaml") << "include: " << kQuickstart << "\n";
  }

  CommandResult In(const Arguments& arguments) const {
    return RunSwitchyard(arguments, folder_.path());
  }
  // Wrong usage that says so and changes nothing.
  void ExpectRefused(const Arguments& arguments, const std::string& message) const {
    const auto before = folder_.Files();
    const CommandResult result = In(arguments);
    EXPECT_EQ(result.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(folder_.Files(), before);
  }

  TemporaryFolder folder_;
};

TEST_F(Outputs, AnInputIsNeverOverwritten) {
  ExpectRefused({"run", "q.yaml", "--json", "q.yaml"}, "--json would overwrite the scenario");
  ExpectRefused({"run", "q.yaml", "--json", "./x/../q.yaml"}, "would overwrite the scenario");
  ExpectRefused({"compare", "q.yaml", kQuickstart, "--json", "q.yaml"}, "overwrite a scenario");
  ExpectRefused({"model", "import", "q.yaml", "--card", "q.yaml"}, "overwrite the model");
  ExpectRefused({"trace", "convert", "t.npy", "./t.npy"}, "overwrite the trace");
  fs::create_symlink("q.yaml", folder_.path() / "link");
  ExpectRefused({"run", "q.yaml", "--perfetto", "link"}, "would overwrite the scenario");
  fs::copy_file(kQuickstart, folder_.path() / "q.scenario.yaml");
  ExpectRefused({"run", "q.scenario.yaml", "--json", "q.json"},
                "the resolved scenario beside --json would overwrite the scenario");
  fs::create_directory(folder_.path() / "out");
  fs::copy_file(kQuickstart, folder_.path() / "out/scenario.yaml");
  ExpectRefused({"run", "out/scenario.yaml", "--out", "out"}, "--out would overwrite");
  EXPECT_EQ(ReadText(folder_.path() / "q.yaml"), "include: " + kQuickstart + "\n");
  EXPECT_EQ(ReadText(folder_.path() / "out/scenario.yaml"), ReadText(kQuickstart));
}

TEST_F(Outputs, TheTraceIsAnInput) {
  ASSERT_EQ(In({"trace", "generate", "t.trace", "--layers", "32", "--experts", "8", "--top-k", "2",
                "--tokens", "512"})
                .exit_code,
            0);
  const Arguments run = {"run", "q.yaml", "--set", "routing={trace: {path: t.trace}}"};
  Arguments over = run;
  over.insert(over.end(), {"--json", "t.trace"});
  ExpectRefused(over, "--json would overwrite the trace of q");
}

TEST_F(Outputs, TwoOutputsAreTwoFiles) {
  ExpectRefused({"run", "q.yaml", "--json", "r", "--perfetto", "r"}, "both write to it");
  ExpectRefused({"run", "q.yaml", "--out", "o", "--json", "o/result.json"}, "both write to it");
  ExpectRefused({"run", "q.yaml", "--perfetto", "r.scenario.yaml", "--json", "r.json"},
                "both write to it");
  ExpectRefused({"topology", "show", "hgx_h100", "--json", "-", "--dot", "-"},
                "standard output: error: --json and --dot both write to it");
}

TEST_F(Outputs, EmptyNamesAndStandardOutputForFilesAreWrongUsage) {
  for (const char* option : {"--json", "--out", "--perfetto"}) {
    ExpectRefused({"run", "q.yaml", option, ""}, "must not be empty");
  }
  ExpectRefused({"run", ""}, "must not be empty");
  ExpectRefused({"compare", "q.yaml", ""}, "must not be empty");
  ExpectRefused({"run", "q.yaml", "--perfetto", "-"}, "cannot go to standard output");
  ExpectRefused({"run", "q.yaml", "--out", "-"}, "cannot go to standard output");
}

TEST_F(Outputs, SeedsDoNotWrapAround) {
  for (const char* seed : {"-1", "99999999999999999999999", "18446744073709551616", "1.5", "010"}) {
    ExpectRefused({"run", "q.yaml", "--seed", seed}, "is no whole number from 0");
    ExpectRefused({"trace", "generate", "t.trace", "--seed", seed}, "is no whole number from 0");
  }
  EXPECT_EQ(ResultOf(kQuickstart, {"--seed", "18446744073709551615"})["seed"], UINT64_MAX);
}

// --perfetto is fine, but --json cannot be written: neither appears, nor the folder made for one.
TEST_F(Outputs, AllAppearOrNone) {
  fs::create_directory(folder_.path() / "occupied");
  const CommandResult onto_folder =
      In({"run", "q.yaml", "--perfetto", "new/t.pftrace", "--json", "occupied"});
  EXPECT_EQ(onto_folder.exit_code, 1);
  EXPECT_NE(onto_folder.err.find("it is a folder"), std::string::npos) << onto_folder.err;
  const CommandResult below_file =
      In({"run", "q.yaml", "--perfetto", "new/t.pftrace", "--json", "q.yaml/r.json"});
  EXPECT_EQ(below_file.exit_code, 1);
  EXPECT_NE(below_file.err.find("cannot be made a folder"), std::string::npos) << below_file.err;
  EXPECT_EQ(folder_.Files(), std::vector<std::string>{"q.yaml"});
  EXPECT_FALSE(fs::exists(folder_.path() / "new"));
}

// The disk fills up while the set is written: nothing of it appears.
TEST_F(Outputs, AFullDiskLeavesNoPartOfASet) {
  if (!fs::is_character_file("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const CommandResult result =
      In({"run", "q.yaml", "--json", "/dev/full", "--perfetto", "t.pftrace"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("/dev/full: error: cannot be written"), std::string::npos);
  EXPECT_EQ(folder_.Files(), std::vector<std::string>{"q.yaml"});
}

TEST_F(Outputs, ADeviceGetsNoScenarioBesideIt) {
  EXPECT_EQ(In({"run", "q.yaml", "--json", "/dev/null", "--quiet"}).exit_code, 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(fs::exists("/dev/null.scenario.yaml"));
}

TEST(Topology, NodesBeyondTheCardsUseItsFabric) {
  for (const char* command : {"show", "check"}) {
    const CommandResult result =
        RunSwitchyard({"topology", command, "hgx_h100", "--nodes", "4", "--json", "-"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(nlohmann::json::parse(result.out)["num_nodes"], 4);
  }
}

TEST(Describe, PathsAndNames) {
  const auto out = [](const Arguments& arguments) {
    const CommandResult result = RunSwitchyard(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  };
  EXPECT_EQ(out({"describe", "scenario.model.attention"}), out({"describe", "model.attention"}));
  EXPECT_EQ(out({"describe", "capacity", "rule"}), out({"describe", "capacity.rule"}));
  EXPECT_EQ(out({"describe", "models", "mixtral_8x7b"}),
            ReadText(InRepository("models/cards/mixtral_8x7b.yaml")));
  EXPECT_EQ(out({"describe", "clusters", "hgx_h100"}),
            ReadText(InRepository("topologies/cards/hgx_h100.yaml")));
  const CommandResult unknown = RunSwitchyard({"describe", "models", "mixtral_8x7"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.err.find("did you mean 'mixtral_8x7b'"), std::string::npos) << unknown.err;
  EXPECT_EQ(RunSwitchyard({"describe", "collectives"}).exit_code, 1);
  EXPECT_EQ(RunSwitchyard({"describe", "models", "../cards/mixtral_8x7b"}).exit_code, 1);
}

// One check for run and compare; no scenario is known that breaks it.
TEST(Conservation, LossIsAnInternalError) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(CheckConservation("q", true), ExitCode::kOk);
  EXPECT_EQ(CheckConservation("q", false), ExitCode::kInternal);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "switchyard: internal error: q: the simulation lost or invented tokens or bytes\n");
}

// What is said of a child that ends itself by a signal.
std::string DeathBy(int signal) {
  try {
    const auto result = RunInChild([&]() -> Result<std::string> {
      ::raise(signal);
      return std::string("alive");
    });
    return result.ok() ? result.value() : "errors";
  } catch (const ChildKilled& death) {
    return death.what();
  }
}

Result<std::string> RunOutOfMemory() { throw std::bad_alloc(); }

TEST(Isolate, ADeadChildIsReportedAsWhatEndedIt) {
  EXPECT_EQ(DeathBy(SIGTERM), "a simulation was ended by signal 15 (Terminated)");
  EXPECT_EQ(DeathBy(SIGKILL),
            "a simulation was ended by signal 9 (Killed), as happens when the machine runs out of "
            "memory");
  EXPECT_THROW(static_cast<void>(RunInChild(RunOutOfMemory)), std::bad_alloc);
}

}  // namespace
}  // namespace switchyard::testing
