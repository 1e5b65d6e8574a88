// The statistics of `trace info`: by hand on small traces, by brute force on random ones, and
// against published figures on a real one.
#include "sim/routing/trace/trace_stats.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "sim/base/rng.h"
#include "sim/routing/trace/stats/cache_stats.h"
#include "sim/routing/trace/trace_generate.h"
#include "sim/routing/trace/trace_join.h"

namespace switchyard {
namespace {

RouterTrace OneLayer(std::uint32_t experts, std::uint32_t top_k, std::vector<ExpertIndex> choices) {
  RouterTrace trace;
  trace.num_experts = experts;
  trace.top_k = top_k;
  trace.layer_ids = {0};
  trace.experts = {std::move(choices)};
  trace.runs = {{0, static_cast<std::uint32_t>(trace.tokens()), 0}};
  return trace;
}

TEST(TraceStats, LoadsByHand) {
  // Loads 4, 2, 1, 1: mean 2, max/mean 2. Gini = (-3*1 -1*1 +1*2 +3*4) / (4 * 8) = 10/32.
  // Entropy = 1/2 * 1 + 1/4 * 2 + 2 * (1/8 * 3) = 1.75 bits.
  const TraceStats stats = ComputeTraceStats(OneLayer(4, 1, {0, 0, 0, 0, 1, 1, 2, 3}));
  EXPECT_DOUBLE_EQ(stats.max_over_mean[0], 2.0);
  EXPECT_DOUBLE_EQ(stats.gini[0], 10.0 / 32);
  EXPECT_DOUBLE_EQ(stats.entropy[0], 1.75);
  EXPECT_DOUBLE_EQ(stats.overlap_uniform, 0.25);
  EXPECT_FALSE(stats.affinity_top1.has_value()) << "a single layer has no next one";
}

TEST(TraceStats, OverlapStaysInsideASequence) {
  RouterTrace trace = OneLayer(6, 2, {0, 1, /**/ 1, 2, /**/ 1, 2, /**/ 4, 5});
  // Pairs one apart: {0,1}-{1,2} shares 1, {1,2}-{1,2} shares 2, {1,2}-{4,5} none: 3 of 6.
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).overlap.at(1), 3.0 / 6);
  trace.runs = {{0, 2, 0}, {1, 2, 0}};  // the second pair is between sequences now: 1 of 4
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).overlap.at(1), 1.0 / 4);
  EXPECT_FALSE(ComputeTraceStats(trace).overlap.contains(4)) << "no sequence is that long";
  // Decode: the sequences alternate. 0: {0,1}, {1,2}; 1: {1,2}, {4,5}: 1 of 4.
  trace.runs = {{0, 1, 0}, {1, 1, 0}, {0, 1, 1}, {1, 1, 1}};
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).overlap.at(1), 1.0 / 4);
}

TEST(TraceStats, OverlapStopsAtALostStep) {
  // Decode of one sequence at positions 0, 1, 2: {0,1}, {1,2}, {1,2}; shared 1 and 2 of 4.
  RouterTrace trace = OneLayer(6, 2, {0, 1, /**/ 1, 2, /**/ 1, 2});
  trace.runs = {{0, 1, 0}, {0, 1, 1}, {0, 1, 2}};
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).overlap.at(1), 3.0 / 4);
  // The step of position 1 lost: 0 and 2 are two apart, no pair of lag 1 is left.
  trace = OneLayer(6, 2, {0, 1, /**/ 1, 2});
  trace.runs = {{0, 1, 0}, {0, 1, 2}};
  EXPECT_FALSE(ComputeTraceStats(trace).overlap.contains(1));
  EXPECT_EQ(ComputeTraceStats(trace).sequences, 1U) << "it stays one sequence";
  // Prefilled again: the second run begins anew. {0,1}-{1,2} and {0,3}-{3,4} share 1 of 2 each;
  // {1,2}-{0,3}, between the runs, would share none.
  trace = OneLayer(6, 2, {0, 1, /**/ 1, 2, /**/ 0, 3, /**/ 3, 4});
  trace.runs = {{0, 2, 0}, {0, 2, 0}};
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).overlap.at(1), 2.0 / 4) << "joined: 2 of 6";
}

TEST(TraceStats, AffinityByHand) {
  RouterTrace trace = OneLayer(4, 1, {0, 0, 0, 1});
  trace.layer_ids = {0, 1};
  trace.experts.push_back({2, 2, 3, 3});
  // Expert 0 is followed by 2 in 2 of 3 cases, expert 1 by 3 in 1 of 1: (2 + 1) / 4.
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).affinity_top1.value(), 3.0 / 4);
}

TEST(TraceStats, AffinityAgainstIndependence) {
  RouterTrace trace = OneLayer(4, 1, {0, 0, 0, 1});
  trace.layer_ids = {0, 1};
  trace.experts.push_back({2, 2, 3, 3});
  const TraceStats stats = ComputeTraceStats(trace);
  // The most frequent expert of the next layer has 2 of 4 tokens.
  EXPECT_DOUBLE_EQ(stats.affinity_independent[0], 0.5);
  // Pairs (0,2) 2, (0,3) 1, (1,3) 1 of 4; p(0) = 3/4, p(1) = 1/4, p(2) = p(3) = 1/2.
  // 1/2 log2(4/3) + 1/4 log2(2/3) + 1/4 log2(2) = 0.311278 bits.
  EXPECT_NEAR(stats.mutual_information[0], 0.311278, 1e-6);
}

TEST(TraceStats, ShufflingKeepsLoadsAndRemovesLocality) {
  // 400 tokens that choose 0 and 1, then 400 that choose 2 and 3: each like the one before but at
  // one place. Shuffled, a pair of tokens is of one kind in half of all cases.
  std::vector<ExpertIndex> choices;
  for (int t = 0; t < 400; ++t) choices.insert(choices.end(), {0, 1});
  for (int t = 0; t < 400; ++t) choices.insert(choices.end(), {2, 3});
  const TraceStats stats = ComputeTraceStats(OneLayer(8, 2, choices));
  EXPECT_DOUBLE_EQ(stats.overlap.at(1), 798.0 / 799);
  EXPECT_DOUBLE_EQ(stats.overlap.at(64), (800.0 - 128) / (800 - 64));
  for (const auto& [lag, share] : stats.overlap_shuffled) {
    // 4 standard deviations of 800 fair coins: 4 sqrt(1/4 / 800) = 0.07.
    EXPECT_NEAR(share, 0.5, 0.07) << "lag " << lag;
  }
  EXPECT_DOUBLE_EQ(stats.layer_overlap.at(1)[0], stats.overlap.at(1));
  // A cache of 2: in order, 2 misses when it begins and 2 when the experts change.
  EXPECT_DOUBLE_EQ(stats.lru_hit_rate.at(2), 1.0 - 4.0 / 1600);
  EXPECT_NEAR(stats.lru_hit_rate_shuffled.at(2), 0.5, 0.07);
}

TEST(TraceStats, OverlapOfManyExpertsIsTheSame) {
  // More than 512 experts are compared as lists, fewer as bits.
  auto trace = GenerateTrace(ZipfRouting{1.2}, {2, 300, 500, 4}, 1, 100);
  ASSERT_TRUE(trace.ok());
  const TraceStats bits = ComputeTraceStats(trace.value());
  trace.value().num_experts = 600;
  const TraceStats lists = ComputeTraceStats(trace.value());
  EXPECT_EQ(bits.overlap, lists.overlap);
  EXPECT_EQ(bits.overlap_shuffled, lists.overlap_shuffled);
}

TEST(TraceStats, SameTokenByHand) {
  RouterTrace trace = OneLayer(6, 2, {0, 1, /**/ 4, 5, /**/ 0, 2, /**/ 1, 0});
  trace.token_ids = {7, 8, 7, 7};  // 8 occurs once: it does not count
  // Of 7 three occurrences {0,1} {0,2} {1,0}: ordered pairs share 1 + 2 + 1 + 1 + 2 + 1 = 8 choices
  // of 6 pairs times 2. By the formula: c_0 = 3, c_1 = 2, c_2 = 1: (6 + 2 + 0) / (3 - 1) / 6.
  EXPECT_DOUBLE_EQ(ComputeTraceStats(trace).same_token_overlap.at(0), 8.0 / 12);
  trace.token_ids = {7, 8, kNoTokenId, kNoTokenId};
  EXPECT_TRUE(ComputeTraceStats(trace).same_token_overlap.empty());
}

TEST(TraceStats, DomainsAlone) {
  RouterTrace trace = OneLayer(2, 1, {0, 0, 0, 1, /**/ 1, 1, /**/ 0});
  trace.domains = {"code", "empty", "prose"};
  trace.runs = {{0, 4, 0, 0}, {1, 2, 0, 2}, {2, 1, 0, kNoDomain}};
  const TraceStats stats = ComputeTraceStats(trace);
  ASSERT_EQ(stats.domains.size(), 2U);
  EXPECT_EQ(stats.domains[0].name, "code");
  EXPECT_EQ(stats.domains[0].tokens, 4U);
  EXPECT_DOUBLE_EQ(stats.domains[0].max_over_mean, 3.0 / 2);
  EXPECT_EQ(stats.domains[1].name, "prose");
  EXPECT_DOUBLE_EQ(stats.domains[1].max_over_mean, 2.0);
}

TEST(TraceStats, CountsWhatIsMissingAndDropped) {
  constexpr ExpertIndex kNo = kNoExpert;
  RouterTrace trace = OneLayer(4, 2, {0, 1, /**/ kNo, kNo, /**/ 1, kNo, /**/ 1, 0});
  trace.kept = {{1, 0, 0, 0, 0, 0, 1, 1}};
  trace.gaps = {{3, 0, 1, "ring full"}};
  const TraceStats stats = ComputeTraceStats(trace);
  EXPECT_EQ(stats.missing_choices, 3U);
  EXPECT_EQ(stats.dropped_choices, 2U) << "the second of token 0, the only one of token 2";
  EXPECT_EQ(stats.tokens_fully_dropped, 1U) << "token 2; token 1 made no choice";
  // Lag 1: token 1 chose nothing, so only the pair 2, 3 counts: 1 of token 3's 2 choices.
  EXPECT_DOUBLE_EQ(stats.overlap.at(1), 1.0 / 2);
  const std::string text = ToText(stats);
  EXPECT_NE(text.find("dropped             2 choices (25.00 %), all of 1 tokens in a layer\n"),
            std::string::npos);
  EXPECT_NE(text.find("no choice           3 choices (37.50 %); 1 gaps in the recording\n"),
            std::string::npos);
}

TEST(TraceStats, OneRowPerLayerAsCsv) {
  auto trace = GenerateTrace(UniformRouting{}, {3, 100, 16, 2}, 1, 50);
  ASSERT_TRUE(trace.ok());
  const std::string csv = ToCsv(ComputeTraceStats(trace.value()));
  EXPECT_EQ(
      csv.substr(0, csv.find('\n')),
      "moe_layer,layer_id,max_over_mean,gini,entropy,variation,overlap_1,overlap_4,overlap_16,"
      "overlap_shuffled_1,overlap_shuffled_4,overlap_shuffled_16,same_token_overlap,"
      "affinity_top1,affinity_independent,mutual_information,lru_2,lru_4,lru_8,lru_12,belady_2,"
      "belady_4,belady_8,belady_12,missing,dropped");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  const std::size_t row = csv.rfind("\n2,2,");
  ASSERT_NE(row, std::string::npos);
  const std::string last = csv.substr(row + 1);
  EXPECT_EQ(std::count(last.begin(), last.end(), ','), 25) << last;
  EXPECT_NE(last.find(",,,,"), std::string::npos) << "the last layer has no next one: " << last;
}

TEST(Cache, HitsByHand) {
  // One choice a token, cache of 2, stream 0 1 2 0 1 3 0 1.
  const std::vector<ExpertIndex> stream = {0, 1, 2, 0, 1, 3, 0, 1};
  const LayerAccesses accesses{stream, 1, 4};
  // LRU always holds the last two: 0 1 | 1 2 | 2 0 | 0 1 | 1 3 | 3 0: no hit.
  EXPECT_EQ(LruHits(accesses, std::vector<std::uint32_t>{2})[0], 0U);
  // Cache of 3: 0 and 1 after 2 hit, then 3 pushes 2 out, 0 and 1 hit again.
  EXPECT_EQ(LruHits(accesses, std::vector<std::uint32_t>{3})[0], 4U);
  // Optimal, 2 experts: keeps 0 and 1, bypasses 2 and 3.
  EXPECT_EQ(BeladyHits(accesses, std::vector<std::uint32_t>{2})[0], 4U);
}

using HitsOfSets = std::map<std::uint32_t, std::uint64_t>;  // resident set -> most hits so far

// Every subset of at most `size` experts of `all` may stay; `hits` is what got us here.
void KeepAnySubset(std::uint32_t all, std::uint32_t size, std::uint64_t hits, HitsOfSets& next) {
  for (std::uint32_t keep = all;; keep = (keep - 1) & all) {
    if (static_cast<std::uint32_t>(__builtin_popcount(keep)) <= size) {
      next[keep] = std::max(next[keep], hits);
    }
    if (keep == 0) return;
  }
}

// Best possible hits: after each token any subset of at most `size` of (resident + token) stays.
std::uint64_t BestHits(const LayerAccesses& a, std::uint32_t size) {
  HitsOfSets best = {{0, 0}};
  for (std::size_t begin = 0; begin < a.choices.size(); begin += a.top_k) {
    std::uint32_t token = 0;
    for (std::size_t j = 0; j < a.top_k; ++j) token |= 1U << a.choices[begin + j];
    HitsOfSets next;
    for (const auto& [resident, hits] : best) {
      const auto now = hits + static_cast<std::uint64_t>(__builtin_popcount(resident & token));
      KeepAnySubset(resident | token, size, now, next);
    }
    best = std::move(next);
  }
  std::uint64_t most = 0;
  for (const auto& [resident, hits] : best) most = std::max(most, hits);
  return most;
}

TEST(Cache, BeladyIsOptimalAndLruNeverBetter) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto trace = GenerateTrace(ZipfRouting{0.7}, {1, 30, 6, 2}, seed, 30);
    ASSERT_TRUE(trace.ok());
    const LayerAccesses accesses{trace.value().experts[0], 2, 6};
    std::uint64_t smaller = 0;
    for (std::uint32_t size = 1; size <= 6; ++size) {
      const std::uint64_t optimal = BeladyHits(accesses, std::vector<std::uint32_t>{size})[0];
      EXPECT_EQ(optimal, BestHits(accesses, size)) << "seed " << seed << ", size " << size;
      const std::uint64_t lru = LruHits(accesses, std::vector<std::uint32_t>{size})[0];
      EXPECT_LE(lru, optimal);
      EXPECT_GE(lru, smaller) << "LRU has the inclusion property";
      smaller = lru;
    }
  }
}

TEST(TraceStats, RendersTextAndJson) {
  const auto trace = GenerateTrace(UniformRouting{}, {2, 200, 16, 2}, 1, 50);
  ASSERT_TRUE(trace.ok());
  const TraceStats stats = ComputeTraceStats(trace.value());
  const auto json = nlohmann::ordered_json::parse(ToJson(stats));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"experts",
                                            "top_k",
                                            "layers",
                                            "tokens",
                                            "max_over_mean",
                                            "gini",
                                            "entropy",
                                            "per_layer",
                                            "overlap",
                                            "overlap_uniform",
                                            "overlap_shuffled",
                                            "affinity_top1",
                                            "affinity_independent",
                                            "mutual_information",
                                            "lru_hit_rate",
                                            "lru_hit_rate_shuffled",
                                            "belady_hit_rate",
                                            "model_name",
                                            "origin",
                                            "source",
                                            "sequences",
                                            "variation",
                                            "missing_choices",
                                            "gaps"}));
  EXPECT_EQ(json["per_layer"]["gini"].size(), 2U);
  EXPECT_DOUBLE_EQ(json["gini"], Mean(stats.gini));
  EXPECT_TRUE(json["overlap"].contains("16"));
  EXPECT_FALSE(json["overlap"].contains("64")) << "sequences have 50 tokens";
  EXPECT_TRUE(json["lru_hit_rate"].contains("12")) << "3/4 of 16 experts";
  const std::string text = ToText(stats);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "16 experts, top-2, 2 MoE layers, 200 tokens in 4 sequences");
}

// github.com/deepseek-ai/ESFT, DeepSeek-V2-Lite, the four tasks one after the other.
TEST(TraceStats, MatchesTheFiguresOfARealTrace) {
  const std::string folder = SWITCHYARD_SOURCE_DIR "/../shared/data/esft_deepseek_v2_lite/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recorded trace at " << folder;
  const std::vector<std::string> tasks = {"intent", "law", "summary", "translation"};
  std::vector<RouterTrace> parts;
  for (const std::string& task : tasks) {
    auto loaded = LoadTrace(folder + task + ".topk_ids.npy");
    ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
    parts.push_back(std::move(loaded).value());
  }
  const auto all = JoinTraces(std::move(parts), tasks);
  ASSERT_TRUE(all.ok()) << ToString(all.errors());
  const TraceStats stats = ComputeTraceStats(all.value());
  EXPECT_EQ(stats.experts, 64U);
  EXPECT_EQ(stats.layers, 26U);
  EXPECT_EQ(stats.tokens, 33279U);
  // Figures measured by another program, given to two or three digits.
  constexpr double kRounding = 0.006;
  constexpr double kDigits = 0.0011;
  EXPECT_NEAR(Mean(stats.max_over_mean), 2.73, kRounding);
  EXPECT_NEAR(Mean(stats.gini), 0.273, kDigits);
  EXPECT_NEAR(stats.overlap.at(1), 0.279, kDigits);
  EXPECT_NEAR(stats.overlap.at(64), 0.170, kDigits);
  EXPECT_NEAR(stats.overlap_uniform, 0.094, kDigits);
  EXPECT_NEAR(Mean(stats.variation), 0.51, kRounding);
  EXPECT_NEAR(stats.overlap_shuffled.at(1), 0.118, kDigits) << "two random tokens";
  EXPECT_NEAR(Mean(stats.mutual_information), 0.589, kDigits);
  EXPECT_NEAR(stats.sequence_max_over_mean.value(), 4.71, kRounding);
  EXPECT_NEAR(stats.sequence_gini.value(), 0.44, kRounding);
  ASSERT_EQ(stats.domains.size(), 4U);
  EXPECT_NEAR(stats.domains[1].max_over_mean, 3.5, 0.06) << "law, the most even task";
  EXPECT_NEAR(stats.domains[3].max_over_mean, 5.6, 0.06) << "translation, the least even one";
  const std::pair<std::uint32_t, double> shuffled[] = {
      {8, 0.158}, {16, 0.307}, {32, 0.583}, {48, 0.822}};
  for (const auto& [size, expected] : shuffled) {
    EXPECT_NEAR(stats.lru_hit_rate_shuffled.at(size), expected, kDigits) << "shuffled, " << size;
  }
  const std::pair<std::uint32_t, std::pair<double, double>> rates[] = {
      {8, {0.332, 0.547}}, {16, {0.529, 0.729}}, {32, {0.763, 0.895}}, {48, {0.913, 0.969}}};
  for (const auto& [size, expected] : rates) {
    EXPECT_NEAR(stats.lru_hit_rate.at(size), expected.first, kDigits) << "LRU, " << size;
    // Ours is an optimum (BeladyIsOptimal above); the published figures lie up to 0.01 below it,
    // for a reason not known here.
    EXPECT_GE(stats.belady_hit_rate.at(size), expected.second - kDigits) << "optimal, " << size;
    EXPECT_LE(stats.belady_hit_rate.at(size), expected.second + 0.01) << "optimal, " << size;
  }
}

}  // namespace
}  // namespace switchyard
