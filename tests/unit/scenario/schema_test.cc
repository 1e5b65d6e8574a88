// describe and the JSON Schema.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/describe.h"
#include "sim/scenario/json_schema.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Every field of every message below `type`, as "a.b.c".
void VisitFields(const Descriptor& type, const std::string& path,
                 const std::function<void(const FieldDescriptor&, const std::string&)>& visit) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string child = path.empty() ? field.name() : path + "." + field.name();
    visit(field, child);
    if (field.message_type() != nullptr) VisitFields(*field.message_type(), child, visit);
  }
}

TEST(Schema, EveryFieldIsExplainedAndDescribed) {
  VisitFields(*pb::Scenario::descriptor(), "",
              [](const FieldDescriptor& field, const std::string& path) {
                EXPECT_FALSE(RuleOf(field).help().empty()) << path;
                const Result<std::string> text = DescribeMessage(path);
                ASSERT_TRUE(text.ok()) << path;
                EXPECT_NE(text.value().find(RuleOf(field).help()), std::string::npos) << path;
              });
}

TEST(Describe, ShowsTypeDefaultRangeAndUnits) {
  const std::string text = DescribeMessage("communication").value();
  EXPECT_NE(text.find("metadata_bytes"), std::string::npos);
  EXPECT_NE(text.find("16 B"), std::string::npos);
  EXPECT_NE(text.find("0 B .. 64 KiB"), std::string::npos) << text;
  EXPECT_NE(text.find("one of: flat, rank_dedup, node_dedup"), std::string::npos);
  EXPECT_NE(text.find("time: ns us ms s"), std::string::npos);
  EXPECT_EQ(DescribeMessage("").value(), DescribeMessage("scenario").value());
}

TEST(Describe, UnknownPathsGetAHint) {
  EXPECT_EQ(DescribeMessage("cluster.nod").errors()[0].ToString(),
            "error: cluster.nod: no such field; did you mean 'node'?");
  EXPECT_FALSE(DescribeMessage("workload.phase.x").ok());
}

TEST(JsonSchema, CoversEveryMessage) {
  const auto schema = nlohmann::json::parse(ScenarioJsonSchema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  VisitFields(*pb::Scenario::descriptor(), "",
              [&](const FieldDescriptor& field, const std::string& path) {
                const Descriptor& type = *field.containing_type();
                const std::string name = type.full_name().substr(type.file()->package().size() + 1);
                const auto& mapping = name == "Scenario" ? schema : schema["$defs"][name];
                ASSERT_TRUE(mapping.contains("properties")) << name;
                EXPECT_EQ(mapping["additionalProperties"], false);
                EXPECT_TRUE(mapping["properties"].contains(field.name())) << path;
                EXPECT_TRUE(mapping["properties"].contains("include"));
              });
}

TEST(JsonSchema, KnowsRangesUnitsAndNames) {
  const auto schema = nlohmann::json::parse(ScenarioJsonSchema());
  const auto& definitions = schema["$defs"];
  EXPECT_EQ(definitions["Moe"]["properties"]["top_k"]["maximum"], 64);
  const std::string pattern = definitions["LinkClass"]["properties"]["bandwidth"]["pattern"];
  EXPECT_NE(pattern.find("|Gb/s|"), std::string::npos) << pattern;
  EXPECT_EQ(definitions["Workload"]["properties"]["phase"]["enum"],
            nlohmann::json::array({"prefill", "decode"}));
  EXPECT_EQ(definitions["Routing"]["allOf"][0]["oneOf"].size(), 6U);  // five sources, or none yet
}

}  // namespace
}  // namespace switchyard
