#include "sim/scenario/json_schema.h"

#include <google/protobuf/descriptor.h>

#include <map>
#include <nlohmann/json.hpp>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;
using Json = nlohmann::ordered_json;

constexpr const char* kNumberPattern = R"(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)";
constexpr const char* kRationalPattern = R"(^[0-9]+(/[0-9]+|\.[0-9]+)?$)";

void AddLimits(const pb::FieldRule& rule, Json& schema) {
  if (rule.has_min()) schema["minimum"] = rule.min();
  if (rule.has_above()) schema["exclusiveMinimum"] = rule.above();
  if (rule.has_max()) schema["maximum"] = rule.max();
}

Json IntegerSchema(const FieldDescriptor& field) {
  Json schema = {{"type", "integer"}};
  const pb::FieldRule& rule = RuleOf(field);
  // Whole limits, so that they print as 64 and not as 64.0.
  schema["minimum"] = static_cast<long long>(rule.min());
  if (rule.has_max()) schema["maximum"] = static_cast<long long>(rule.max());
  return schema;
}

Json QuantitySchema(pb::Unit unit) {
  std::string units;
  for (const std::string& name : UnitNames(unit)) units += (units.empty() ? "" : "|") + name;
  return {{"type", "string"},
          {"pattern", std::string("^") + kNumberPattern + " *(" + units + ")$"}};
}

Json DoubleSchema(const FieldDescriptor& field) {
  const pb::FieldRule& rule = RuleOf(field);
  if (IsDimensioned(rule.unit())) return QuantitySchema(rule.unit());
  Json schema = {{"type", "number"}};
  AddLimits(rule, schema);
  return schema;
}

Json StringSchema(const FieldDescriptor& field) {
  if (RuleOf(field).unit() != pb::RATIONAL) return {{"type", "string"}};
  return {{"anyOf", Json::array({Json{{"type", "number"}, {"minimum", 0}},
                                 Json{{"type", "string"}, {"pattern", kRationalPattern}}})}};
}

// Name of a message's definition: its full name without the package.
std::string DefinitionName(const Descriptor& type) {
  return type.full_name().substr(type.file()->package().size() + 1);
}

Json ValueSchema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return {{"$ref", "#/$defs/" + DefinitionName(*field.message_type())}};
    case FieldDescriptor::CPPTYPE_ENUM:
      return {{"enum", EnumNames(*field.enum_type())}};
    case FieldDescriptor::CPPTYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return DoubleSchema(field);
    case FieldDescriptor::CPPTYPE_STRING:
      return StringSchema(field);
    default:
      return IntegerSchema(field);
  }
}

std::string Description(const FieldDescriptor& field) {
  const pb::FieldRule& rule = RuleOf(field);
  std::string text = rule.help();
  if (IsDimensioned(rule.unit())) {
    text += "; " + TypeName(field);
    const std::string range = RangeText(field);
    if (!range.empty()) text += ", " + range;
  }
  if (rule.required()) text += " (required)";
  const std::string fallback = DefaultText(field);
  if (!fallback.empty()) text += " (default: " + fallback + ")";
  return text;
}

Json FieldSchema(const FieldDescriptor& field) {
  Json value = ValueSchema(field);
  if (field.is_repeated()) {
    value = {{"type", "array"}, {"items", value}};
  } else if (!RuleOf(field).required()) {  // null takes back what an include or a card gave
    value = {{"anyOf", Json::array({value, Json{{"type", "null"}}})}};
  }
  Json schema = {{"description", Description(field)}};
  schema.update(value);
  return schema;
}

// At most one member of each oneof.
void AddOneofs(const Descriptor& type, Json& schema) {
  Json all = Json::array();
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    const OneofDescriptor& oneof = *type.oneof_decl(i);
    if (oneof.field_count() == 1) continue;
    Json choices = Json::array();
    for (int j = 0; j < oneof.field_count(); ++j) {
      choices.push_back({{"required", Json::array({oneof.field(j)->name()})}});
    }
    Json none = {{"not", {{"anyOf", choices}}}};
    choices.push_back(none);
    all.push_back({{"oneOf", choices}});
  }
  if (!all.empty()) schema["allOf"] = all;
}

Json MappingSchema(const Descriptor& type) {
  Json properties = Json::object();
  properties["include"] = {{"$ref", "#/$defs/include"}};
  for (int i = 0; i < type.field_count(); ++i) {
    properties[type.field(i)->name()] = FieldSchema(*type.field(i));
  }
  Json schema = {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
  AddOneofs(type, schema);
  return schema;
}

void AddDefinitions(const Descriptor& type, std::map<std::string, Json>& definitions) {
  for (int i = 0; i < type.field_count(); ++i) {
    const Descriptor* child = type.field(i)->message_type();
    if (child == nullptr || definitions.contains(DefinitionName(*child))) continue;
    definitions[DefinitionName(*child)] = MappingSchema(*child);
    AddDefinitions(*child, definitions);
  }
}

Json IncludeSchema() {
  return {{"description",
           "file or files whose fields are the base of those given here; relative to this file"},
          {"anyOf", Json::array({Json{{"type", "string"}},
                                 Json{{"type", "array"}, {"items", {{"type", "string"}}}}})}};
}

// Fields may come from an include, so they are required only of a root that includes nothing.
Json RequiredOfRoot(const Descriptor& type) {
  Json required = Json::array();
  for (int i = 0; i < type.field_count(); ++i) {
    if (RuleOf(*type.field(i)).required()) required.push_back(type.field(i)->name());
  }
  return Json::array({Json{{"required", required}}, Json{{"required", Json::array({"include"})}}});
}

}  // namespace

std::string ScenarioJsonSchema() {
  const Descriptor& root = *pb::Scenario::descriptor();
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "Switchyard scenario"}};
  schema.update(MappingSchema(root));
  schema["anyOf"] = RequiredOfRoot(root);
  std::map<std::string, Json> definitions;
  AddDefinitions(root, definitions);
  schema["$defs"]["include"] = IncludeSchema();
  for (const auto& [name, definition] : definitions) schema["$defs"][name] = definition;
  constexpr int kIndent = 2;
  return schema.dump(kIndent) + "\n";
}

}  // namespace switchyard
