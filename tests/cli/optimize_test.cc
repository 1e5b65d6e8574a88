// Does `switchyard optimize` find what it promises, and leave whole files whatever ends it?
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// Small enough for seconds: 26 layers, 64 experts, 16 ranks in two nodes, 1,024 tokens a step.
std::vector<std::string> SmallSearch(const std::vector<std::string>& more = {},
                                     const std::string& steps = "1") {
  std::vector<std::string> arguments = {
      "optimize", InRepository("scenarios/deepseek_v2_lite_ep16_prefill.yaml"),
      "--set",    "workload.tokens_per_device=64",
      "--set",    "workload.context_length=64",
      "--set",    "placement.redundant_experts=16",
      "--set",    "placement.iterations=1",
      "--steps",  steps,
      "--settle", "1",
      "--json",   "-"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Json JsonOf(const std::vector<std::string>& arguments) {
  const CommandResult result = RunSwitchyard(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? Json::parse(result.out) : Json();
}

const Json& PlanOf(const Json& result, const std::string& policy) {
  for (const Json& plan : result["plans"]) {
    if (plan["policy"] == policy) return plan;
  }
  ADD_FAILURE() << "no plan of " << policy;
  static const Json kNone;
  return kNone;
}

TEST(Optimize, ReportsEveryPlanWithItsBoundAndChoosesTheFastestSimulated) {
  const Json result = JsonOf(SmallSearch());
  int chosen = 0;
  double best = 1e9;
  double chosen_time = 0;
  for (const Json& plan : result["plans"]) {
    EXPECT_LE(plan["balancedness_fit"].get<double>(), plan["bound"].get<double>() + 1e-9)
        << plan["policy"] << ": no placement is above the bound";
    EXPECT_GT(plan["balancedness_heldout"].get<double>(), 0);
    if (plan.contains("simulated_step_time_s"))
      best = std::min(best, plan["simulated_step_time_s"].get<double>());
    if (!plan["chosen"].get<bool>()) continue;
    ++chosen;
    chosen_time = plan["simulated_step_time_s"];
  }
  EXPECT_EQ(chosen, 1);
  EXPECT_EQ(chosen_time, best);
  EXPECT_TRUE(PlanOf(result, "linear").contains("simulated_step_time_s")) << "always compared with";
  EXPECT_TRUE(PlanOf(result, "eplb").contains("simulated_step_time_s")) << "always compared with";
  EXPECT_GE(PlanOf(result, "balanced")["balancedness_fit"].get<double>(),
            PlanOf(result, "eplb")["balancedness_fit"].get<double>())
      << "never worse than EPLB on what was fitted";
}

TEST(Optimize, WithoutStepsNothingIsSimulatedAndTheSurrogateChooses) {
  const Json result = JsonOf(SmallSearch({}, "0"));
  EXPECT_FALSE(result.contains("fidelity"));
  double best = 1e9;
  double chosen = 0;
  for (const Json& plan : result["plans"]) {
    EXPECT_FALSE(plan.contains("simulated_step_time_s"));
    best = std::min(best, plan["objective"]["total_s"].get<double>());
    if (plan["chosen"].get<bool>()) chosen = plan["objective"]["total_s"];
  }
  EXPECT_EQ(chosen, best);
}

TEST(Optimize, APlanThatBreaksARuleIsNotChosen) {
  const Json result = JsonOf(SmallSearch({"--set", "placement.distinct_nodes=true"}));
  int broken = 0;
  for (const Json& plan : result["plans"]) {
    if (plan["keeps_rules"].get<bool>()) continue;
    ++broken;
    EXPECT_FALSE(plan["chosen"].get<bool>()) << plan["policy"];
  }
  EXPECT_GT(broken, 0) << "EPLB and others know nothing of nodes";
  EXPECT_TRUE(PlanOf(result, "balanced")["keeps_rules"].get<bool>());
}

TEST(Optimize, SameInputAndSeedGiveTheSamePlans) {
  const auto figures = [] {
    Json result = JsonOf(SmallSearch());
    for (Json& plan : result["plans"]) plan.erase("ms_per_layer");
    return result.dump();
  };
  EXPECT_EQ(figures(), figures());
}

TEST(Optimize, ExportedPlansRunAndSimulateToTheSameTime) {
  const TemporaryFolder folder;
  const auto in = [&](const char* name) { return (folder.path() / name).string(); };
  const Json result = JsonOf(SmallSearch(
      {"--export", "sglang=" + in("plan.json"), "--export", "tensorrt_llm=" + in("plan.yaml"),
       "--export", "vllm_ascend=" + in("map.json"), "--export", "eplb_tensors=" + in("tensors")}));
  double settled = 0;
  for (const Json& plan : result["plans"]) {
    if (plan["chosen"].get<bool>()) settled = plan["simulated_step_time_s"];
  }
  for (const char* file : {"plan.json", "plan.yaml", "map.json", "tensors"}) {
    const Json run =
        ResultOf(InRepository("scenarios/deepseek_v2_lite_ep16_prefill.yaml"),
                 {"--set", "workload.tokens_per_device=64", "--set", "workload.context_length=64",
                  "--set", "placement.file=" + in(file), "--set", "routing.trace.part=held_out"});
    EXPECT_EQ(run["step_time_s"].get<double>(), settled)
        << file << ": the first held-out window is the held-out part's first step";
  }
}

TEST(Optimize, TheDemonstrationBeatsEplbOnHeldOutSteps) {
  const Json result = JsonOf({"optimize", InRepository("scenarios/placement_deepseek_v2_lite.yaml"),
                              "--set", "placement.iterations=1", "--json", "-"});
  double chosen = 0;
  for (const Json& plan : result["plans"]) {
    if (plan["chosen"].get<bool>()) chosen = plan["simulated_step_time_s"];
  }
  const double eplb = PlanOf(result, "eplb")["simulated_step_time_s"];
  // Measured: 6.9 % (node_aware, 28 % fewer bytes between nodes); half of it is asked for here.
  EXPECT_LT(chosen, 0.965 * eplb) << "chosen " << chosen << " s, EPLB " << eplb << " s";
}

TEST(Optimize, OnlineSaysWhenReplanningDoesNotPay) {
  const std::vector<std::string> arguments = {"optimize",
                                              InRepository("scenarios/placement_replanning.yaml"),
                                              "--online",
                                              "--set",
                                              "placement.replanning.steps=6",
                                              "--set",
                                              "placement.replanning.redundant_experts=[16]",
                                              "--set",
                                              "placement.replanning.every=[2]"};
  const CommandResult text = RunSwitchyard(arguments);
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("replanning does not pay"), std::string::npos) << text.out;
  std::vector<std::string> as_json = arguments;
  as_json.insert(as_json.end(), {"--json", "-"});
  const Json result = JsonOf(as_json);
  EXPECT_FALSE(result["replanning_pays"].get<bool>());
  EXPECT_EQ(result["variants"][0]["policy"], "linear");
  std::map<std::string, Json> replanned;
  for (const Json& v : result["variants"]) {
    const bool moves = v["slots_moved_fraction"].get<double>() > 0;
    EXPECT_EQ(moves, v["migration_s"].get<double>() > 0) << "weights take time, and only they";
    if (v["every"] == 2) replanned[v["policy"]] = v;
  }
  EXPECT_LT(replanned["incremental"]["slots_moved_fraction"].get<double>(),
            0.3 * replanned["eplb"]["slots_moved_fraction"].get<double>())
      << "EPLB rewrites most slots at each plan";
  EXPECT_LT(replanned["incremental"]["migration_s"].get<double>(),
            replanned["eplb"]["migration_s"].get<double>());
}

TEST(Optimize, CountsAloneNeedNoScenario) {
  const TemporaryFolder folder;
  const std::string loads = (folder.path() / "loads.json").string();
  std::ofstream(loads) << R"({"logical_count": [
      [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86],
      [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27]]})";
  const Json result =
      JsonOf({"optimize", "--loads", loads, "--ranks", "8", "--redundant", "4", "--json", "-"});
  EXPECT_EQ(result["layers"], 2);
  EXPECT_EQ(result["slots_per_rank"], 2);
  // The published example of deepseek-ai/EPLB: 12 experts, 16 replicas, 8 GPUs. Layer 0: the mean
  // is 1033 / 8.
  EXPECT_GE(PlanOf(result, "balanced")["balancedness_fit"].get<double>(),
            PlanOf(result, "eplb")["balancedness_fit"].get<double>());
  EXPECT_FALSE(PlanOf(result, "eplb").contains("balancedness_heldout"))
      << "one window: none is left";
  EXPECT_FALSE(PlanOf(result, "eplb").contains("simulated_step_time_s"));
}

TEST(Optimize, ATimeLimitGivesWholePlans) {
  const Json result = JsonOf(SmallSearch({"--time-limit", "0"}));
  EXPECT_FALSE(result["complete"].get<bool>());
  EXPECT_GE(result["plans"].size(), 5u) << "all layers of all policies, without search";
}

// As the shell does on Ctrl-C, while the search is under way.
TEST(Optimize, AnInterruptKeepsTheBestSoFarAndWritesWholeFiles) {
  const TemporaryFolder folder;
  const std::string json = (folder.path() / "plans.json").string();
  const std::string plan = (folder.path() / "plan.json").string();
  const std::string scenario = InRepository("scenarios/placement_deepseek_v2_lite.yaml");
  const pid_t child = fork();
  if (child == 0) {
    execl(SWITCHYARD_BINARY, "switchyard", "optimize", scenario.c_str(), "--set",
          "placement.iterations=100000000", "--quiet", "--json", json.c_str(), "--export",
          ("sglang=" + plan).c_str(), nullptr);
    _exit(127);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  ASSERT_EQ(kill(child, SIGINT), 0) << "still searching";
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  std::ifstream in(json);
  const Json result = Json::parse(in);
  EXPECT_FALSE(result["complete"].get<bool>());
  EXPECT_EQ(folder.Files().size(), 2u) << "both files, no temporary ones";
  std::ifstream exported(plan);
  EXPECT_EQ(Json::parse(exported)["physical_to_logical_map"].size(), 27u)
      << "all layers of the model, the dense one too";
}

// The terminal sends Ctrl-C to the child that simulates as well: whatever it interrupts, the
// program ends with whole files.
TEST(Optimize, AnInterruptOfTheWholeGroupWhileSimulatingKeepsTheBestSoFar) {
  const std::string scenario = InRepository("scenarios/deepseek_v2_lite_ep16_prefill.yaml");
  for (const int wait_ms : {700, 1000, 1300}) {
    const TemporaryFolder folder;
    const std::string json = (folder.path() / "plans.json").string();
    const pid_t child = fork();
    if (child == 0) {
      setpgid(0, 0);
      execl(SWITCHYARD_BINARY, "switchyard", "optimize", scenario.c_str(), "--set",
            "workload.tokens_per_device=64", "--set", "workload.context_length=64", "--set",
            "placement.held_out_windows=64", "--steps", "64", "--quiet", "--json", json.c_str(),
            nullptr);
      _exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    kill(-child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
    EXPECT_EQ(WEXITSTATUS(status), 0) << "interrupted after " << wait_ms << " ms";
    std::ifstream in(json);
    const Json result = Json::parse(in);
    for (const Json& plan : result["plans"]) {
      if (plan["policy"] == "linear") {
        EXPECT_FALSE(plan["chosen"].get<bool>()) << "predicted the worst";
      }
    }
  }
}

TEST(Optimize, AResolvedScenarioCanBeSearchedAgain) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = SmallSearch({"--out", folder.path().string()}, "0");
  const CommandResult first = RunSwitchyard(arguments);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const CommandResult again = RunSwitchyard(
      {"optimize", (folder.path() / "scenario.yaml").string(), "--steps", "0", "--json", "-"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

TEST(Optimize, PredictionsLeaveMovingOut) {
  const TemporaryFolder folder;
  const std::string current = (folder.path() / "now.json").string();
  ASSERT_EQ(RunSwitchyard(SmallSearch({"--export", "sglang=" + current}, "0")).exit_code, 0);
  const Json result = JsonOf(SmallSearch({"--set", "placement.current=" + current}));
  for (const Json& plan : result["plans"]) {
    EXPECT_GT(plan["predicted_step_time_s"].get<double>(), 0) << plan["policy"];
  }
}

TEST(Optimize, RefusesWhatCannotBe) {
  const std::string scenario = InRepository("scenarios/deepseek_v2_lite_ep16_prefill.yaml");
  const auto fails = [](const std::vector<std::string>& arguments, int code, const char* what) {
    const CommandResult result = RunSwitchyard(arguments);
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_NE(result.err.find(what), std::string::npos) << result.err;
  };
  fails({"optimize"}, 2, "SCENARIO or --loads");
  fails({"optimize", scenario, "--export", "nonsense=x"}, 2, "sglang");
  fails({"optimize", scenario, "--export", "sglang"}, 2, "FORMAT=FILE");
  fails({"optimize", "--loads", "x.npy"}, 2, "--ranks");
  fails({"optimize", "--loads", "missing.npy", "--ranks", "8"}, 1, "missing.npy");
  fails({"optimize", scenario, "--set", "placement.redundant_experts=5"}, 1, "nearest");
  // 26 layers x 60 more experts of 3 x 2048 x 1408 weights of 2 B: 27 GB more on each of 16 GPUs.
  fails({"optimize", scenario, "--set", "placement.redundant_experts=960", "--set",
         "cluster.device.memory_capacity=24 GB"},
        1, "at most");
}

}  // namespace
}  // namespace switchyard::testing
