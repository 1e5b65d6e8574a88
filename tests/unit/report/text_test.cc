#include "sim/report/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/report/format.h"
#include "tests/unit/report/sample_result.h"

namespace switchyard {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The printed breakdown: in thousandths of its unit and tenths of a percent; the last row is the
// total.
struct PrintedRow {
  long thousandths;
  long tenths;
};
std::vector<PrintedRow> PrintedBreakdown(const std::string& text) {
  std::vector<PrintedRow> rows;
  for (const std::string& line : LinesOf(text)) {
    if (!line.starts_with("  ") || line.find('%') == std::string::npos) continue;
    if (line.find("capacity") != std::string::npos) continue;
    std::istringstream in(line.substr(22));
    double time = 0;
    double share = 0;
    std::string unit;
    in >> time >> unit >> share;
    rows.push_back({std::lround(time * 1000), std::lround(share * 10)});
  }
  return rows;
}

void ExpectBreakdownAddsUp(const RunResult& result) {
  const std::string text = ToText(result);
  const std::vector<PrintedRow> rows = PrintedBreakdown(text);
  ASSERT_GE(rows.size(), 2U) << text;
  long time = 0;
  long share = 0;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    time += rows[i].thousandths;
    share += rows[i].tenths;
  }
  EXPECT_EQ(time, rows.back().thousandths) << text;
  EXPECT_EQ(share, rows.back().tenths) << text;
  EXPECT_EQ(rows.back().tenths, 1000) << text;
}

void ExpectFits(const RunResult& result) {
  const std::vector<std::string> lines = LinesOf(ToText(result));
  EXPECT_LE(lines.size(), kMaxTextLines);
  for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), kMaxTextColumns) << line;
}

TEST(Text, SampleReadsAsExpected) {
  const std::string expected =
      "deepseek-v3 decode, 4 nodes of 8 H100\n"
      "step time 41.50 ms  |  98.70 k tokens/s  |  3.084 k tokens/s/device  |  fidelity flow\n"
      "\n"
      "where the step goes (device 29, the slowest; communication 18.10 ms exposed, 25.0 % "
      "hidden)\n"
      "  attention               10.100 ms   24.3 %  ##########\n"
      "  router                   0.400 ms    1.0 %\n"
      "  dispatch                 9.300 ms   22.4 %  #########\n"
      "  expert_gemm             12.200 ms   29.4 %  ############\n"
      "  combine                  8.800 ms   21.2 %  ########\n"
      "  wait                     0.700 ms    1.7 %  #\n"
      "  = step time             41.500 ms  100.0 %\n"
      "\n"
      "critical path: expert_gemm 12.20 ms (58x), attention 10.10 ms (61x)\n"
      "busiest links: n003.nic5>leaf5  nic         410.0 MB   91.0 % of capacity\n"
      "               n001.nic2>leaf2  nic         390.0 MB   87.0 % of capacity\n"
      "device load:   max/mean 1.32;  dropped 3 of 400 choices (0.8 %; whole tokens: 1)\n"
      "network:       1.500 GB dispatch, 3.000 GB combine;  2.500 GB between nodes, 2.000 GB "
      "within\n"
      "memory:        64.00 GB per device, fits;  energy 812.5 J a step, 200 mJ a token\n"
      "conservation:  ok  choices in = computed + dropped: 400; bytes sent = received: 4.500 GB\n"
      "assumptions:   Kernels reach the efficiency of the H100 calibration.\n"
      "               Every step starts with warm caches.\n";
  EXPECT_EQ(ToText(SampleResult()), expected);
}

TEST(Text, BreakdownAddsUpAsPrintedWhateverTheRounding) {
  Rng rng(7);
  for (int round = 0; round < 500; ++round) {
    RunResult result = SampleResult();
    result.breakdown_s.clear();
    result.step_time_s = 0;
    const std::uint64_t parts = 1 + rng.Below(14);
    const double scale = std::pow(10.0, -7.0 + 9.0 * rng.Uniform());
    for (std::uint64_t i = 0; i < parts; ++i) {
      result.breakdown_s.emplace_back("part " + std::to_string(i), scale * rng.Uniform());
      result.step_time_s += result.breakdown_s.back().second;
    }
    ExpectBreakdownAddsUp(result);
    ExpectFits(result);
  }
}

TEST(Text, ManyPartsShareTheLastRow) {
  RunResult result = SampleResult();
  result.breakdown_s.clear();
  for (int i = 0; i < 12; ++i) result.breakdown_s.emplace_back("p" + std::to_string(i), 1e-3);
  result.step_time_s = 12e-3;
  const std::string text = ToText(result);
  // 7 rows of their own, 5 merged: 5 ms.
  EXPECT_NE(text.find("5 smaller parts          5.000 ms   41.7 %"), std::string::npos) << text;
}

TEST(Text, FitsWhateverItIsGiven) {
  RunResult result = SampleResult();
  result.scenario = std::string(300, 'x') + "\n\n\n";
  result.fidelity = std::string(200, 'f');
  result.assumptions.assign(50, "A long sentence about what was assumed in this run, with a word " +
                                    std::string(150, 'w') + ".");
  for (int i = 0; i < 40; ++i)
    result.critical_path.push_back({"operation_" + std::to_string(i), 1e-3, 1000});
  result.links.assign(30, {std::string(120, 'l'), "leaf_spine", 1e18, 1, 123.0});
  for (int i = 0; i < 20; ++i) result.breakdown_s.emplace_back(std::string(99, 'b'), 0.01);
  ExpectFits(result);
  EXPECT_EQ(LinesOf(ToText(result)).size(), kMaxTextLines);
  const std::string last = LinesOf(ToText(result)).back();
  result.assumptions.clear();
  const std::size_t shown = kMaxTextLines - LinesOf(ToText(result)).size() - 1;
  EXPECT_EQ(last, std::string(15, ' ') + "and " + std::to_string(50 - shown) + " more, in the JSON")
      << "the last line says where the rest is";
}

TEST(Text, EmptyResultIsPrintable) { ExpectFits(RunResult{}); }

TEST(Text, FailedConservationShowsBothSides) {
  RunResult result = SampleResult();
  result.conservation = {400, 399, 1000, 998, false};
  EXPECT_NE(ToText(result).find("FAILED  choices in 400 / out 399; bytes sent 1000 / received 998"),
            std::string::npos)
      << ToText(result);
  EXPECT_NE(ToText(SampleResult())
                .find("ok  choices in = computed + dropped: 400; bytes sent = received: 4.500 GB"),
            std::string::npos);
}

TEST(Format, Units) {
  EXPECT_EQ(FormatSeconds(0.041235), "41.23 ms");
  EXPECT_EQ(FormatSeconds(812.34e-6), "812.3 us");
  EXPECT_EQ(FormatSeconds(0), "0 s");
  EXPECT_EQ(FormatSeconds(12.345e-9), "12.35 ns");
  EXPECT_EQ(FormatSeconds(999.96e-6), "1.000 ms");  // not "1000 us"
  EXPECT_EQ(FormatSeconds(7200), "7200 s");
  EXPECT_EQ(FormatBytes(999), "999 B");
  EXPECT_EQ(FormatBytes(1.5e9), "1.500 GB");
  EXPECT_EQ(FormatBytes(64e9), "64.00 GB");
  EXPECT_EQ(FormatCount(193), "193");
  EXPECT_EQ(FormatCount(193.25), "193.2");
  EXPECT_EQ(FormatCount(1234567), "1.235 M");
  EXPECT_EQ(FormatPercent(0.301), "30.1 %");
}

TEST(Format, RoundingKeepsTheSum) {
  // 1/3 three times in hundredths: 33 + 33 + 33 = 99; the sum rounds to 100, so one gets 34.
  const std::vector<std::int64_t> thirds = RoundKeepingSum({1.0 / 3, 1.0 / 3, 1.0 / 3}, 0.01);
  EXPECT_EQ(thirds, (std::vector<std::int64_t>{34, 33, 33}));
}

TEST(Format, ClipLineKeepsWholeCodePoints) {
  EXPECT_EQ(ClipLine("a\tb\nc", 10), "a?b?c");
  EXPECT_EQ(ClipLine("abcdefgh", 6), "abc...");
  EXPECT_EQ(ClipLine("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 4), "\xC3\xA9...");
  EXPECT_EQ(DisplayWidth("\xC3\xA9"), 1U);
  EXPECT_LE(DisplayWidth(ClipLine("abcdef", 2)), 2U);
}

}  // namespace
}  // namespace switchyard
