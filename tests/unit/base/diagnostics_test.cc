#include "sim/base/diagnostics.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchyard {
namespace {

TEST(Diagnostic, PrintsWhatIsKnownAndNothingElse) {
  Diagnostic d;
  d.message = "must be positive";
  EXPECT_EQ(d.ToString(), "error: must be positive");
  d.path = "cluster.nodes";
  EXPECT_EQ(d.ToString(), "error: cluster.nodes: must be positive");
  d.where.file = "bad.yaml";
  EXPECT_EQ(d.ToString(), "bad.yaml: error: cluster.nodes: must be positive");
  d.where.line = 4;
  d.where.column = 3;
  EXPECT_EQ(d.ToString(), "bad.yaml:4:3: error: cluster.nodes: must be positive");
}

TEST(Diagnostics, AreOneLineEach) {
  const Diagnostics two = {{{"a.yaml", 1, 1}, "", "first"}, {{"a.yaml", 2, 5}, "x", "second"}};
  EXPECT_EQ(ToString(two), "a.yaml:1:1: error: first\na.yaml:2:5: error: x: second\n");
  EXPECT_EQ(ToString(Diagnostics{}), "");
}

TEST(Suggestion, OffersTheNearestNameWithinAThirdOfTheWord) {
  const std::vector<std::string> fields = {"gpus_per_node", "nodes", "nic_bandwidth"};
  // One letter is missing: distance 1, allowed 12 / 3 = 4.
  EXPECT_EQ(NearestName("gpu_per_node", fields), "gpus_per_node");
  // Two of five letters differ: distance 2, allowed 5 / 3 = 1.
  EXPECT_EQ(NearestName("nudez", fields), "");
  // Short words may still differ in one letter: allowed max(1, 2 / 3) = 1.
  EXPECT_EQ(NearestName("tq", {"tp", "ep"}), "tp");
  EXPECT_EQ(Suggestion("gpu_per_node", fields), "; did you mean 'gpus_per_node'?");
}

TEST(Suggestion, ListsTheAlternativesWhenNoneIsNear) {
  EXPECT_EQ(Suggestion("banana", {"ring", "direct"}), "; allowed: ring, direct");
  EXPECT_EQ(Suggestion("banana", {}), "");
}

TEST(Suggestion, TheFirstOfEquallyNearNamesWins) {
  EXPECT_EQ(NearestName("ap", {"tp", "ep", "dp"}), "tp");
}

TEST(Suggestion, StaysShortAndCheapForHugeInput) {
  const std::string huge(1 << 20, 'x');
  EXPECT_EQ(NearestName(huge, {"nodes"}), "");
  EXPECT_EQ(NearestName("", {"nodes"}), "");
  const std::vector<std::string> many(1000, "alternative");
  EXPECT_LT(Suggestion("q", many).size(), 1000U) << "a message must stay readable";
}

}  // namespace
}  // namespace switchyard
