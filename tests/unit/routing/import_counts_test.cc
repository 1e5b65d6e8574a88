// Counts are not choices: do the tokens drawn from them have the loads that the law promises?
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "sim/base/file.h"
#include "sim/routing/trace/import/expert_counts.h"
#include "tests/unit/routing/import_helpers.h"

namespace switchyard::testing {
namespace {

ImportOptions Draw(std::uint32_t top_k, std::uint32_t tokens, std::uint64_t seed = 1) {
  ImportOptions options;
  options.top_k = top_k;
  options.tokens = tokens;
  options.seed = seed;
  return options;
}

std::vector<std::uint64_t> Loads(const RouterTrace& trace, std::uint32_t layer) {
  std::vector<std::uint64_t> loads(trace.num_experts);
  for (const ExpertIndex e : trace.experts[layer]) {
    if (e != kNoExpert) ++loads[e];
  }
  return loads;
}

// E[load] = N p with p = k c / S exactly, variance N p (1 - p): tokens are independent. Five
// standard deviations: of 10,000 such loads one in 1.7 million would be outside by chance.
void ExpectLoads(const RouterTrace& trace, std::uint32_t layer,
                 const std::vector<std::uint64_t>& counts) {
  const auto sum =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  const std::vector<std::uint64_t> loads = Loads(trace, layer);
  const auto tokens = static_cast<double>(trace.tokens());
  for (std::size_t e = 0; e < counts.size(); ++e) {
    const double p = trace.top_k * static_cast<double>(counts[e]) / sum;
    const double bound = 5 * std::sqrt(tokens * p * (1 - p)) + 1e-9;
    EXPECT_NEAR(static_cast<double>(loads[e]), tokens * p, bound)
        << "layer " << layer << ", expert " << e;
  }
}

TEST(CountSampler, EveryStartOfEveryOrderGivesTheExactProbability) {
  // k = 2 of counts 3 2 1, S = 6: p = 1, 2/3, 1/3. Expert 0 is in every token; the other place is
  // expert 1 in two of three.
  CountSampler sampler({3, 2, 1}, 2);
  Rng rng(7);
  std::map<ExpertIndex, int> loads;
  constexpr int kTokens = 30000;
  for (int t = 0; t < kTokens; ++t) {
    ExpertIndex chosen[2] = {kNoExpert, kNoExpert};
    sampler.Draw(rng, chosen);
    ASSERT_NE(chosen[0], chosen[1]);
    ++loads[chosen[0]];
    ++loads[chosen[1]];
  }
  EXPECT_EQ(loads[0], kTokens);
  // 20,000 expected, standard deviation sqrt(30000 * 2/9) = 82; five of them.
  EXPECT_NEAR(loads[1], 20000, 410);
  EXPECT_EQ(loads[1] + loads[2], kTokens);
}

TEST(CountSampler, ExpertsThatWereNeverChosenStayUnchosen) {
  CountSampler sampler({0, 5, 0, 5}, 2);
  Rng rng(1);
  for (int t = 0; t < 100; ++t) {
    ExpertIndex chosen[2] = {kNoExpert, kNoExpert};
    sampler.Draw(rng, chosen);
    EXPECT_EQ(chosen[0] + chosen[1], 1 + 3);
  }
}

TEST(CountsJson, LoadsFollowTheCountsInEveryLayer) {
  const std::vector<std::uint64_t> first = {90, 132, 40, 61, 104, 165, 39, 4};
  const std::vector<std::uint64_t> second = {20, 107, 104, 64, 19, 97, 87, 57};
  const std::string json =
      "{\"rank\": 0, \"logical_count\": [[90, 132, 40, 61, 104, 165, 39, 4], [0, 0, 0, 0, 0, 0, 0, "
      "0], [20, 107, 104, 64, 19, 97, 87, 57]], \"average_utilization_rate_over_window\": null}";
  EXPECT_EQ(FormatOf(json), "counts_json");
  const auto trace = ImportText(json, Draw(2, 20000));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().origin, TraceOrigin::kFitted);
  EXPECT_EQ(trace.value().tokens(), 20000U);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{0, 2}));
  ExpectLoads(trace.value(), 0, first);
  ExpectLoads(trace.value(), 1, second);
  EXPECT_TRUE(Warned(trace.value(), "counts, not choices"));
  EXPECT_TRUE(Warned(trace.value(), "left out (dense layers): 1"));
  EXPECT_TRUE(Warned(trace.value(), "layers of one step have different totals"));
  EXPECT_NE(trace.value().notes.at("routing").find("Madow 1949"), std::string::npos);
}

TEST(CountsJson, TheSeedDecides) {
  const std::string json = "{\"logical_count\": [[5, 3, 4, 4]]}";
  const auto a = ImportText(json, Draw(2, 500, 1));
  const auto b = ImportText(json, Draw(2, 500, 1));
  const auto c = ImportText(json, Draw(2, 500, 2));
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  EXPECT_EQ(a.value().experts, b.value().experts);
  EXPECT_NE(a.value().experts, c.value().experts);
}

TEST(CountsJson, StepsShareTheTokensAsTheirCountsAre) {
  // 6, 0 and 12 choices, top-2: 3, 0 and 6 tokens were counted; of 6 wanted, 2, 0 and 4.
  const std::string json = "{\"logical_count\": [[[2, 2, 2]], [[0, 0, 0]], [[4, 4, 4]]]}";
  const auto trace = ImportText(json, Draw(2, 6));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ASSERT_EQ(trace.value().steps.size(), 2U);
  EXPECT_EQ(trace.value().steps[0].tokens, 2U);
  EXPECT_EQ(trace.value().steps[1].tokens, 4U);
  EXPECT_EQ(trace.value().steps[1].step, 2U);
  ImportOptions all;
  all.top_k = 2;
  const auto counted = ImportText(json, all);
  ASSERT_TRUE(counted.ok());
  EXPECT_EQ(counted.value().tokens(), 9U);
  EXPECT_TRUE(Warned(counted.value(), "9 tokens were counted, 9 are drawn"));
}

TEST(CountsJson, RealCountsOfSglangsForm) {
  const std::string file =
      SWITCHYARD_SOURCE_DIR "/../shared/data/esft_deepseek_v2_lite/logical_count_mixed1024.json";
  const auto bytes = ReadFile(file, std::size_t{1} << 24);
  if (!bytes.ok()) GTEST_SKIP() << "no recorded counts at " << file;
  const auto trace = ImportText(bytes.value(), Draw(6, 4096));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ASSERT_EQ(trace.value().steps.size(), 32U) << "1,024 tokens each";
  EXPECT_EQ(trace.value().steps[31].tokens, 128U);
  // Loads of the whole are those of the steps' counts together: all steps have equal totals.
  const auto json = nlohmann::json::parse(bytes.value())["logical_count"];
  for (std::uint32_t layer = 0; layer < 26; ++layer) {
    std::vector<std::uint64_t> counts(64);
    for (const auto& step : json) {
      for (std::size_t e = 0; e < counts.size(); ++e) {
        counts[e] += step[layer][e].get<std::uint64_t>();
      }
    }
    ExpectLoads(trace.value(), layer, counts);
  }
}

TEST(CountsJson, RealCountsOfOlmoeAndMixtral) {
  const std::string file = SWITCHYARD_SOURCE_DIR "/../shared/data/olmoe_mixtral_counts/counts.json";
  const auto bytes = ReadFile(file, std::size_t{1} << 24);
  if (!bytes.ok()) GTEST_SKIP() << "no recorded counts at " << file;
  const auto json = nlohmann::json::parse(bytes.value());
  const std::map<std::string, std::uint32_t> models = {{"olmoe", 8}, {"mistral", 2}};
  for (const auto& [model, top_k] : models) {
    const auto& counts = json[model]["expert_counts"].begin().value();  // [3 layers][experts]
    const auto trace =
        ImportText(nlohmann::json{{"logical_count", counts}}.dump(), Draw(top_k, 4096));
    ASSERT_TRUE(trace.ok()) << model << ": " << Messages(trace);
    for (std::uint32_t layer = 0; layer < 3; ++layer) {
      ExpectLoads(trace.value(), layer, counts[layer].get<std::vector<std::uint64_t>>());
    }
  }
}

TEST(CountsCsv, IsTheSameLaw) {
  const std::string csv =
      "layer_id,expert_id,count\n3,0,24990\n3,1,39249\n3,4,13378\r\n\n7,2,5\n7,3,6\n7,0,1\n";
  EXPECT_EQ(FormatOf(csv), "counts_csv");
  const auto trace = ImportText(csv, Draw(1, 5000));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{3, 7}));
  EXPECT_EQ(trace.value().num_experts, 5U);
  EXPECT_TRUE(trace.value().experts_inferred);
  ExpectLoads(trace.value(), 0, {24990, 39249, 0, 0, 13378});
  ExpectLoads(trace.value(), 1, {1, 0, 5, 6, 0});
  ImportOptions options = Draw(1, 10);
  options.experts = 64;
  EXPECT_EQ(ImportText(csv, options).value().num_experts, 64U);
}

TEST(CountsCsv, SaysEverythingThatIsWrong) {
  EXPECT_EQ(Messages(ImportText("layer_id,expert_id,count\n3,0\n3,x,1\n-3,0,1.5\n3,1,7\n3,1,7\n",
                                Draw(1, 5), "c.csv")),
            "c.csv:2:1: error: 2 fields; expected layer_id,expert_id,count\n"
            "c.csv:3:3: error: expert_id: expected a whole number from 0 to 65533, found 'x'\n"
            "c.csv:4:1: error: layer_id: expected a whole number from 0 to 1048576, found '-3'\n"
            "c.csv:4:6: error: count: expected a whole number from 0 to 70368744177664, found "
            "'1.5'\n"
            "c.csv:6:1: error: expert 1 of layer 3 is counted twice; files of several ranks are "
            "converted one by one");
}

TEST(Counts, SayWhatIsWrong) {
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[1, 2]]}")),
            "x: error: counts do not say how many experts a token chooses: give --top-k");
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[0, 0]]}", Draw(1, 1))),
            "x: error: holds no count above 0");
  // 8 of 12 choices with top-2: at most 6, as a token chooses an expert once.
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[8, 2, 2]]}", Draw(2, 1))),
            "x: error: step 0, layer 0: expert 0 has 8 of 12 choices; a token chooses it once at "
            "most, so that with top-k 2 it can have 6");
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[8, 2], [2]]}", Draw(2, 1))),
            "x:1:28: error: logical_count: a list of 1 where those before it have 2");
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [1, 2]}", Draw(2, 1))),
            "x:1:19: error: logical_count: has 1 dimensions; counts are [layers, experts] or "
            "[steps, layers, experts]");
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[-1, 2]]}", Draw(1, 1))),
            "x:1:19: error: logical_count, step 0, layer 0: expert 0 has count -1; allowed: 0 to "
            "2^46");
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[1.5, 2]]}", Draw(1, 1))),
            "x:1:20: error: logical_count: expected lists of whole numbers, found a list of 2 "
            "numbers, not all whole");
  ImportOptions options = Draw(1, 1);
  options.experts = 2;
  EXPECT_EQ(Messages(ImportText("{\"logical_count\": [[1, 2, 3]]}", options)),
            "x: error: counts of 3 experts, but there are 2");
}

}  // namespace
}  // namespace switchyard::testing
