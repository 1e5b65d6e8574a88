#include "sim/report/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/report/sample_result.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> KeysOf(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  return keys;
}

TEST(Json, KeysAndTheirOrderAreTheContract) {
  const Json json = Json::parse(ToJson(SampleResult()));
  EXPECT_EQ(KeysOf(json), (std::vector<std::string>{"schema_version",
                                                    "scenario",
                                                    "seed",
                                                    "fidelity",
                                                    "step_time_s",
                                                    "tokens_per_s",
                                                    "tokens_per_s_per_device",
                                                    "breakdown_s",
                                                    "exposed_comm_s",
                                                    "overlap_fraction",
                                                    "slowest_device",
                                                    "critical_path",
                                                    "load",
                                                    "drops",
                                                    "traffic",
                                                    "links",
                                                    "memory",
                                                    "energy_j",
                                                    "energy",
                                                    "conservation",
                                                    "collectives",
                                                    "network_model",
                                                    "assumptions",
                                                    "sim"}));
  using Keys = std::vector<std::string>;
  EXPECT_EQ(KeysOf(json["load"]), (Keys{"max_over_mean", "per_device_tokens"}));
  EXPECT_EQ(KeysOf(json["drops"]),
            (Keys{"choices_total", "choices_dropped", "tokens_fully_dropped"}));
  EXPECT_EQ(KeysOf(json["traffic"]), (Keys{"dispatch_bytes", "combine_bytes", "inter_node_bytes",
                                           "intra_node_bytes", "bytes_per_device_max"}));
  EXPECT_EQ(KeysOf(json["links"][0]), (Keys{"name", "tier", "bytes", "busy_s", "utilization"}));
  EXPECT_EQ(KeysOf(json["memory"]), (Keys{"per_device_peak_bytes", "fits"}));
  EXPECT_EQ(json["energy_j"], 812.5);
  EXPECT_EQ(KeysOf(json["energy"]), (Keys{"per_token_j", "compute_j", "communication_j", "idle_j",
                                          "links_j", "switches_j"}));
  EXPECT_EQ(KeysOf(json["conservation"]),
            (Keys{"tokens_in", "tokens_out", "bytes_sent", "bytes_received", "ok"}));
  EXPECT_EQ(KeysOf(json["collectives"][0]), (Keys{"name", "layer", "time_s", "bytes"}));
  EXPECT_EQ(KeysOf(json["sim"]), (Keys{"wall_s", "events", "flows", "peak_rss_bytes"}));
}

TEST(Json, PartsThatDoNotApplyAreAbsent) {
  RunResult dense = SampleResult();
  dense.load.reset();
  dense.drops.reset();
  dense.energy.reset();
  const Json json = Json::parse(ToJson(dense));
  EXPECT_FALSE(json.contains("load"));
  EXPECT_FALSE(json.contains("drops"));
  EXPECT_FALSE(json.contains("energy_j"));
  EXPECT_FALSE(json.contains("energy"));
  EXPECT_TRUE(json.contains("traffic"));
}

TEST(Json, CollectiveOutsideTheLayersHasNoLayer) {
  const Json json = Json::parse(ToJson(SampleResult()));
  EXPECT_EQ(json["collectives"][0]["layer"], 3);
  EXPECT_EQ(json["collectives"][2]["name"], "all_gather");
  EXPECT_FALSE(json["collectives"][2].contains("layer"));
}

TEST(Json, DoublesReadBackToTheSameBits) {
  RunResult result = SampleResult();
  for (const double value : {0.1, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, 4503599627370497.5}) {
    result.step_time_s = value;
    EXPECT_EQ(Json::parse(ToJson(result))["step_time_s"].get<double>(), value);
  }
  result.seed = 0xffffffffffffffff;
  EXPECT_EQ(Json::parse(ToJson(result))["seed"].get<std::uint64_t>(), 0xffffffffffffffff);
}

TEST(Json, OnlySimDependsOnTheRun) {
  RunResult slow = SampleResult();
  slow.sim.wall_s = 99;
  EXPECT_NE(ToJson(slow), ToJson(SampleResult()));
  EXPECT_EQ(ToComparableJson(slow), ToComparableJson(SampleResult()));
  // Leaving out the last key changes nothing before it.
  const std::string whole = ToJson(slow);
  const std::string rest = ToComparableJson(slow);
  const std::string prefix = rest.substr(0, rest.size() - 3);  // without "\n}\n"
  EXPECT_EQ(whole.substr(0, prefix.size()), prefix);
}

TEST(Json, NamesThatAreNotUtf8DoNotThrow) {
  RunResult result = SampleResult();
  result.scenario = "bad \xff name";
  EXPECT_NE(ToJson(result).find("bad \xEF\xBF\xBD name"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
