// The fitted generator reproduces the statistics of the real traces it was fitted to.
#include <gtest/gtest.h>

#include "sim/routing/fitted_presets.h"
#include "sim/routing/trace/trace_generate.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

// What the model gives with these parameters on 48 requests of 256 tokens, measured with another
// implementation of it; the traces themselves have the values after "trace".
struct Target {
  std::size_t preset;
  std::uint32_t experts;
  std::uint32_t top_k;
  std::uint32_t layers;
  double gini;
  double max_over_mean;
  double lag1;
  double lag64;
};

constexpr Target kTargets[] = {
    {0, 64, 6, 12, 0.125, 1.75, 0.267, 0.145},  // trace: 0.123, 1.79, 0.266, 0.139
    {1, 64, 6, 12, 0.253, 2.59, 0.246, 0.179},  // trace: 0.273, 2.73, 0.279, 0.170
    {2, 32, 4, 24, 0.403, 2.87, 0.399, 0.333},  // trace: 0.397, 2.62, 0.438, 0.331; over many
                                                // layers the model gives 0.357, 3.07, 0.389, 0.325
};

class Presets : public testing::TestWithParam<Target> {};

TEST_P(Presets, ReproduceSkewAndLocality) {
  const Target& target = GetParam();
  // One layer's expert bias is one draw of few normals: the mean max/mean of GPT-OSS has a standard
  // error of 0.7 / sqrt(24) = 0.14 over 24 layers, which is what the trace has.
  const RoutingShape shape{target.layers, 48 * 256, target.experts, target.top_k};
  const auto trace = GenerateTrace(kFittedPresets[target.preset].routing, shape, 1, 256);
  ASSERT_TRUE(trace.ok()) << ToString(trace.errors());
  const TraceStats stats = ComputeTraceStats(trace.value());
  const auto expect = [&](const char* what, double got, double wanted) {
    EXPECT_NEAR(got, wanted, 0.15 * wanted) << kFittedPresets[target.preset].name << ": " << what
                                            << ", relative error " << got / wanted - 1;
  };
  expect("Gini", Mean(stats.gini), target.gini);
  expect("max/mean", Mean(stats.max_over_mean), target.max_over_mean);
  expect("overlap at lag 1", stats.overlap.at(1), target.lag1);
  expect("overlap at lag 64", stats.overlap.at(64), target.lag64);
  EXPECT_GT(stats.overlap.at(1), stats.overlap.at(4));
  EXPECT_GT(stats.overlap.at(4), stats.overlap.at(16));
  EXPECT_GT(stats.overlap.at(64), stats.overlap_uniform);
}

INSTANTIATE_TEST_SUITE_P(Traces, Presets, testing::ValuesIn(kTargets));

// In decode every token is a request of its own: nothing is shared but the layer's bias, so
// neighbours overlap no more than any pair of tokens.
TEST(FittedDecode, TokensAreIndependentGivenTheLayer) {
  const RoutingShape shape{8, 4096, 64, 6};
  const auto trace = GenerateTrace(kFittedPresets[1].routing, shape, 3, 1);
  ASSERT_TRUE(trace.ok());
  RouterTrace one_sequence = trace.value();
  one_sequence.runs = {{0, 4096, 0}};
  const TraceStats stats = ComputeTraceStats(one_sequence);
  EXPECT_NEAR(stats.overlap.at(1), stats.overlap.at(64), 0.01);
  EXPECT_NEAR(Mean(stats.gini), 0.253, 0.15 * 0.253) << "the skew is that of the requests' mean";
}

}  // namespace
}  // namespace switchyard
