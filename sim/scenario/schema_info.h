// What the scenario schema says about its fields, in the words of scenario files: enum values and
// fields in lower case, rules from scenarios/schema/rules.proto.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class EnumDescriptor;
class EnumValueDescriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace switchyard {

namespace pb {
class FieldRule;
}

[[nodiscard]] const pb::FieldRule& RuleOf(const google::protobuf::FieldDescriptor& field);

[[nodiscard]] std::vector<std::string> FieldNames(const google::protobuf::Descriptor& type);

// The value as scenarios write it: RANK_DEDUP is "rank_dedup".
[[nodiscard]] std::string EnumName(const google::protobuf::EnumValueDescriptor& value);
// All but the unspecified one (number 0).
[[nodiscard]] std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor& type);
// nullptr when there is none of that name.
[[nodiscard]] const google::protobuf::EnumValueDescriptor* FindEnumValue(
    const google::protobuf::EnumDescriptor& type, std::string_view name);

// Members of the field's oneof, comma-separated; empty when it is in none.
[[nodiscard]] std::string OneofNames(const google::protobuf::FieldDescriptor& field);

// What a value of the field looks like: "uint32", "number", "true or false", "one of: a, b",
// "bytes per second", "mapping", "list of uint32", ...
[[nodiscard]] std::string TypeName(const google::protobuf::FieldDescriptor& field);

// The default as a scenario writes it ("16 B", "rank_dedup"); empty when there is none.
[[nodiscard]] std::string DefaultText(const google::protobuf::FieldDescriptor& field);
// "1 .. 64", "> 0 B/s", ...; empty when there is no limit.
[[nodiscard]] std::string RangeText(const google::protobuf::FieldDescriptor& field);
// A limit of the field in its unit.
[[nodiscard]] std::string LimitText(const google::protobuf::FieldDescriptor& field, double limit);

// Tail of a message about a wrong name: like Suggestion, but a name that differs only in case or
// in the order of its letters is recognised first.
[[nodiscard]] std::string NameHint(std::string_view found,
                                   const std::vector<std::string>& candidates);
// The same for an unknown field of `type`: a field of that name one or two levels below is found
// too ("num_experts" in a model: did you mean 'moe.num_experts'?).
[[nodiscard]] std::string FieldHint(std::string_view found,
                                    const google::protobuf::Descriptor& type);

}  // namespace switchyard
