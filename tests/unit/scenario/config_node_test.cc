#include "sim/scenario/config_node.h"

#include <gtest/gtest.h>

#include <memory>

namespace switchyard {
namespace {

Result<ConfigNode> Parse(std::string_view text) {
  return ParseYaml(text, std::make_shared<Origin>(Origin{"f.yaml", "", ""}));
}

ConfigNode Good(std::string_view text) {
  Result<ConfigNode> tree = Parse(text);
  if (tree.ok()) return tree.value();
  ADD_FAILURE() << ToString(tree.errors());
  return {};
}

std::string Errors(std::string_view text) {
  const Result<ConfigNode> tree = Parse(text);
  return tree.ok() ? "" : ToString(tree.errors());
}

TEST(ConfigNode, KnowsWhereKeysAndValuesStand) {
  const ConfigNode root = Good("a:\n  bé: [1, 'two']\n");
  const ConfigEntry& b = root.Find("a")->value.entries[0];
  EXPECT_EQ(b.key, "bé");
  EXPECT_EQ(b.key_where.line, 2);
  EXPECT_EQ(b.key_where.column, 3);
  const ConfigNode& two = b.value.items[1];
  EXPECT_EQ(two.scalar, "two");
  EXPECT_TRUE(two.quoted);
  EXPECT_EQ(two.where.line, 2);
  EXPECT_EQ(two.where.column, 11);  // counted in characters, not bytes
}

TEST(ConfigNode, ReadsJson) {
  const ConfigNode root = Good("{\"a\": {\"b\": [1, true, null]}}");
  const ConfigNode& b = root.Find("a")->value.Find("b")->value;
  ASSERT_EQ(b.items.size(), 3U);
  EXPECT_FALSE(b.items[0].quoted);
  EXPECT_EQ(b.items[2].kind, ConfigNode::Kind::kNull);
}

TEST(ConfigNode, TellsNullFromNothing) {
  const ConfigNode root = Good("a: null\nb: ~\nc:\nd: {e: , f: 1}\nnully: x\ng:\n");
  EXPECT_EQ(root.Find("a")->value.kind, ConfigNode::Kind::kNull);
  EXPECT_EQ(root.Find("b")->value.kind, ConfigNode::Kind::kNull);
  EXPECT_EQ(root.Find("c")->value.kind, ConfigNode::Kind::kEmpty);
  EXPECT_EQ(root.Find("c")->value.where.line, 3);
  EXPECT_EQ(root.Find("d")->value.Find("e")->value.kind, ConfigNode::Kind::kEmpty);
  EXPECT_EQ(root.Find("g")->value.kind, ConfigNode::Kind::kEmpty);
}

TEST(ConfigNode, ExpandsAliases) {
  const ConfigNode root = Good("a: &x {b: 1}\nc: *x\n");
  EXPECT_EQ(root.Find("c")->value.Find("b")->value.scalar, "1");
}

TEST(ConfigNode, AcceptsCoreTags) {
  const ConfigNode root = Good("a: !!str 5\nb: !!int 5\nc: !!map {}\n");
  EXPECT_TRUE(root.Find("a")->value.quoted);
  EXPECT_FALSE(root.Find("b")->value.quoted);
}

TEST(ConfigNode, IgnoresAByteOrderMark) {
  EXPECT_EQ(Good("\xEF\xBB\xBF"
                 "a: 1\n")
                .entries[0]
                .key_where.column,
            1);
}

TEST(ConfigNode, ReportsAllDuplicates) {
  EXPECT_EQ(Errors("a: {b: 1, b: 2}\na: 3\n"),
            "f.yaml:1:11: error: a.b: duplicate key\n"
            "f.yaml:2:1: error: a: duplicate key\n");
}

// Ten levels of ten aliases each would be 10^10 values.
TEST(ConfigNode, BoundsAliasExpansion) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 10; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string below = "*a" + std::to_string(i - 1);
    text.append(name).append(": &").append(name).append(" [");
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ", ") + below;
    text += "]\n";
  }
  EXPECT_NE(Errors(text).find("more than 200000 values"), std::string::npos) << Errors(text);
}

TEST(ConfigNode, BoundsDepthThroughAliases) {
  std::string text = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n";
  for (int i = 1; i <= 10; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[[[*a" +
            std::to_string(i - 1) + "]]]]]]]]]]\n";
  }
  EXPECT_NE(Errors(text).find("nested deeper than 64 levels"), std::string::npos);
}

TEST(ConfigNode, RefusesLargeTexts) {
  EXPECT_EQ(Errors(std::string((1U << 20) + 1, ' ')),
            "f.yaml: error: has 1048577 bytes; at most 1048576 are read\n");
}

// Large texts of shapes that are hard on parsers end, one way or the other, long before the test's
// time limit.
TEST(ConfigNode, HardShapesEnd) {
  for (const char* piece :
       {"[",     "{",   "- ",  "? ",   ": ",    "{a", "[a,", "&a ",    "!", "\"", "*",
        "---\n", "{},", "[],", "a: {", "? a\n", "#",  "|\n", "- - \n", "%", "'"}) {
    std::string text;
    while (text.size() < (std::size_t{1} << 18)) text += piece;
    const auto parsed = Parse(text);
    EXPECT_TRUE(parsed.ok() || !parsed.errors().empty()) << piece;
  }
}

}  // namespace
}  // namespace switchyard
