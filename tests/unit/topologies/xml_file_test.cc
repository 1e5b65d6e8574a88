// XML from anywhere: places of elements, what is refused, and the limits.
#include "topologies/import/xml_file.h"

#include <gtest/gtest.h>

#include <string>

namespace switchyard {
namespace {

std::string ErrorOf(std::string_view text, const XmlLimits& limits = {}) {
  const Result<XmlElement> root = ParseXml(text, "t.xml", limits);
  return root.ok() ? "" : ToString(root.errors());
}

TEST(XmlFile, KeepsAttributesAndPlaces) {
  const Result<XmlElement> root = ParseXml(
      "<?xml version=\"1.0\"?>\n<!-- a -->\n<system version=\"1\">\n  <cpu numaid='0'/>text<cpu/>\n"
      "</system>",
      "t.xml");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(root.value().name, "system");
  EXPECT_EQ(root.value().line, 3);
  EXPECT_EQ(root.value().column, 1);
  ASSERT_EQ(root.value().children.size(), 2u);
  EXPECT_EQ(*root.value().children[0].Find("numaid"), "0");
  EXPECT_EQ(root.value().children[0].Find("busid"), nullptr);
  EXPECT_EQ(root.value().children[0].column, 3);
  EXPECT_EQ(root.value().children[1].line, 4);
  EXPECT_EQ(root.value().children[1].column, 24) << "2 spaces, <cpu numaid='0'/> is 17, text 4";
}

TEST(XmlFile, SaysWhereItIsNotWellFormed) {
  EXPECT_EQ(ErrorOf("<a>\n<b>\n</a>"),
            "t.xml:3:3: error: not well-formed XML: Start-end tags mismatch\n");
  EXPECT_NE(ErrorOf(""), "");
  EXPECT_NE(ErrorOf("GPU0 GPU1"), "");
  EXPECT_EQ(ErrorOf("<a/>\n <b/>"), "t.xml:2:2: error: a second root element <b>\n");
  EXPECT_EQ(ErrorOf("<a>\n <b x='1' x='2'/></a>"),
            "t.xml:2:2: error: attribute 'x' is given twice\n");
}

TEST(XmlFile, LooksUpNoEntity) {
  const Result<XmlElement> root = ParseXml(
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\"><!ENTITY y \"yy\">]>"
      "<a b=\"&y;&x;&lt;&#65;\"/>",
      "t.xml");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(*root.value().Find("b"), "&y;&x;<A") << "only XML's own entities are replaced";
}

TEST(XmlFile, KeepsToItsLimits) {
  XmlLimits limits;
  limits.max_bytes = 20;
  EXPECT_EQ(ErrorOf(std::string(21, ' '), limits), "t.xml: error: 21 bytes; at most 20\n");
  limits = {};
  limits.max_elements = 3;
  EXPECT_EQ(ErrorOf("<a><b/><b/></a>", limits), "");
  EXPECT_EQ(ErrorOf("<a><b/><b/><b/></a>", limits), "t.xml:1:12: error: more than 3 elements\n");
  limits.max_depth = 2;
  EXPECT_EQ(ErrorOf("<a><b><c/></b></a>", limits),
            "t.xml:1:7: error: elements nested deeper than 2\n");
  limits.max_attributes = 1;
  EXPECT_EQ(ErrorOf("<a x='1' y='2'/>", limits), "t.xml:1:1: error: more than 1 attributes\n");
  limits.max_value_bytes = 2;
  EXPECT_EQ(ErrorOf("<a x='123'/>", limits),
            "t.xml:1:1: error: attribute 'x' is longer than 2 bytes\n");
}

TEST(XmlFile, ADeepDocumentIsAnErrorNotACrash) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += "<a>";
  EXPECT_NE(ErrorOf(text), "");
}

}  // namespace
}  // namespace switchyard
