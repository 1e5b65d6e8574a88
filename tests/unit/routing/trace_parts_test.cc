// Are the two halves of a trace's requests halves, and of whole requests?
#include "sim/routing/routers/trace_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

// Requests of 1 to `longest` tokens; every third comes back after the others.
RouterTrace TraceOf(std::uint32_t requests, std::uint32_t longest, std::uint64_t seed) {
  Rng rng(seed);
  RouterTrace trace;
  trace.num_experts = 4;
  trace.top_k = 1;
  trace.layer_ids = {0};
  std::uint32_t tokens = 0;
  const auto add = [&](std::uint32_t sequence) {
    const auto length = static_cast<std::uint32_t>(1 + rng.Below(longest));
    trace.runs.push_back({sequence, length, 0, kNoDomain});
    tokens += length;
  };
  for (std::uint32_t r = 0; r < requests; ++r) add(r);
  for (std::uint32_t r = 0; r < requests; r += 3) add(r);
  trace.steps.push_back({0, TracePhase::kMixed, tokens});
  trace.experts.emplace_back(tokens);
  return trace;
}

std::vector<std::uint32_t> SequenceOfToken(const RouterTrace& trace) {
  std::vector<std::uint32_t> sequences;
  for (const TraceRun& run : trace.runs)
    sequences.insert(sequences.end(), run.tokens, run.sequence);
  return sequences;
}

TEST(TraceParts, HalvesHoldAllTokensOnceAndNoRequestTwice) {
  constexpr std::uint32_t kLongest = 50;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const RouterTrace trace = TraceOf(40, kLongest, seed);
    const auto fit = TokensOfPart(trace, TracePart::kFit);
    const auto held_out = TokensOfPart(trace, TracePart::kHeldOut);
    EXPECT_EQ(fit.size() + held_out.size(), trace.tokens());
    EXPECT_TRUE(std::is_sorted(fit.begin(), fit.end())) << "in the order of the trace";
    const auto sequence = SequenceOfToken(trace);
    std::set<std::uint32_t> fitted;
    for (const std::uint64_t t : fit) fitted.insert(sequence[t]);
    for (const std::uint64_t t : held_out) ASSERT_EQ(fitted.count(sequence[t]), 0u);
    // Each request goes to the half that is behind: they differ by the longest request at most,
    // which here has two runs.
    const auto difference =
        std::max(fit.size(), held_out.size()) - std::min(fit.size(), held_out.size());
    EXPECT_LE(difference, 2u * kLongest) << "seed " << seed;
  }
}

TEST(TraceParts, FewRequestsAreHalvedInTime) {
  const RouterTrace trace = TraceOf(2, 30, 1);
  const auto fit = TokensOfPart(trace, TracePart::kFit);
  const auto held_out = TokensOfPart(trace, TracePart::kHeldOut);
  EXPECT_EQ(fit.size(), (trace.tokens() + 1) / 2);
  EXPECT_LT(fit.back(), held_out.front());
  EXPECT_EQ(fit.size() + held_out.size(), trace.tokens());
}

}  // namespace
}  // namespace switchyard
