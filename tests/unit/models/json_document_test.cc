#include "models/import/json_document.h"

#include <string>

#include <gtest/gtest.h>

namespace switchyard {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto root = ParseJson(text, "a.json");
  return root.ok() ? "" : ToString(root.errors());
}

std::string Repeat(const std::string& unit, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += unit;
  return text;
}

TEST(JsonDocumentTest, KeepsTheOrderKindsAndPlacesOfMembers) {
  const auto root = ParseJson("{\"b\": 1,\n  \"a\": [true, null, -2.5, \"x\"]}", "a.json");
  ASSERT_TRUE(root.ok());
  const auto& object = std::get<JsonObject>(root.value().data);
  ASSERT_EQ(object.size(), 2U);
  EXPECT_EQ(object[0].key, "b");
  EXPECT_EQ(object[0].line, 1);
  EXPECT_EQ(object[0].column, 2);
  EXPECT_EQ(object[1].line, 2);
  EXPECT_EQ(object[1].column, 3);
  EXPECT_EQ(std::get<std::int64_t>(object[0].value.data), 1);
  const auto& array = std::get<JsonArray>(object[1].value.data);
  EXPECT_EQ(std::get<double>(array[2].data), -2.5);
  EXPECT_EQ(std::get<std::string>(array[3].data), "x");
  EXPECT_EQ(FindMember(object, "a"), &object[1]);
  EXPECT_EQ(FindMember(object, "c"), nullptr);
}

TEST(JsonDocumentTest, SyntaxErrorsNameTheirPlace) {
  EXPECT_EQ(ErrorOf("{\"a\": 1,\n \"b\" 2}").substr(0, 18), "a.json:2:6: error:");
  EXPECT_EQ(ErrorOf("{\"a\": nope}").substr(0, 17), "a.json:1:8: error");
}

TEST(JsonDocumentTest, PythonLiteralsAreNamed) {
  const std::string error = ErrorOf("{\"use_cache\": True}");
  EXPECT_NE(error.find("a.json:1:15"), std::string::npos) << error;
  EXPECT_NE(error.find("'True' is Python, not JSON"), std::string::npos) << error;
  EXPECT_NE(ErrorOf("{\"x\": None}").find("'None' is Python"), std::string::npos);
}

TEST(JsonDocumentTest, AKeyTwiceIsAnError) {
  EXPECT_EQ(ErrorOf("{\"a\": 1,\n\"b\": 2,\n\"a\": 3}"),
            "a.json:3:1: error: a: given twice; first on line 1\n");
}

TEST(JsonDocumentTest, LimitsHold) {
  EXPECT_EQ(ErrorOf(Repeat("[", kMaxJsonDepth) + Repeat("]", kMaxJsonDepth)), "");
  EXPECT_NE(ErrorOf(Repeat("[", kMaxJsonDepth + 1)).find("nested deeper than 64 levels"),
            std::string::npos);
  EXPECT_NE(ErrorOf(Repeat("{\"a\":", 1'000'000)).find("nested deeper"), std::string::npos);
  EXPECT_NE(ErrorOf("[" + Repeat("1,", kMaxJsonValues) + "1]").find("more than 200000 values"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kMaxJsonBytes + 1, ' ')).find("8388609 bytes"), std::string::npos);
}

TEST(JsonDocumentTest, HostileBytesAreErrors) {
  const std::string hostile[] = {
      "",
      " ",
      "{",
      "}",
      "[1,]",
      "{\"a\"}",
      "{\"a\":}",
      "{a: 1}",
      "{'a': 1}",
      "\"open",
      "\"\\ud800\"",   // half of a surrogate pair
      "\"\xff\xfe\"",  // not UTF-8
      "\xef\xbb\xbf",  // a byte-order mark alone
      std::string(5, '\0'),
      "1e999",  // beyond a double
      "NaN",
      "Infinity",
      "0x10",
      "[1] [2]",
      "/* comment */ {}",
      "{\"a\": 1} trailing",
  };
  for (const std::string& text : hostile) EXPECT_NE(ErrorOf(text), "") << text;
}

TEST(JsonDocumentTest, MessagesStayShortAndPrintable) {
  const std::string key(1 << 20, 'k');
  EXPECT_LT(ErrorOf("{\"" + key + "\": 1, \"" + key + "\": 2}").size(), 200U);
  EXPECT_LT(ErrorOf("{\"a\" \"" + key + "\"}").size(), 400U);
  EXPECT_EQ(Printable("a\x1b[31m\nb"), "a?[31m?b");
  EXPECT_EQ(Printable(std::string(41, 'x')), std::string(40, 'x') + "...");
}

TEST(JsonDocumentTest, NumbersBeyond64BitsAreNotWhole) {
  const auto root = ParseJson("[18446744073709551616, 18446744073709551615, -1]", "a.json");
  ASSERT_TRUE(root.ok());
  const auto& array = std::get<JsonArray>(root.value().data);
  EXPECT_TRUE(std::holds_alternative<double>(array[0].data));
  EXPECT_TRUE(std::holds_alternative<double>(array[1].data));
  EXPECT_TRUE(std::holds_alternative<std::int64_t>(array[2].data));
}

TEST(JsonDocumentTest, DescribesValues) {
  const auto root = ParseJson("[null, true, 8, 0.5, \"x\", [1, 2], {}]", "a.json");
  const auto& array = std::get<JsonArray>(root.value().data);
  const std::string expected[] = {"null", "true", "8", "0.5", "\"x\"", "a list of 2", "an object"};
  for (std::size_t i = 0; i < array.size(); ++i) EXPECT_EQ(Describe(array[i]), expected[i]);
}

}  // namespace
}  // namespace switchyard
