#include "sim/scenario/schema_info.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cctype>

#include "scenarios/schema/rules.pb.h"
#include "sim/base/diagnostics.h"
#include "sim/scenario/quantity.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string Join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string ScalarTypeName(const FieldDescriptor& field) {
  switch (RuleOf(field).unit()) {
    case pb::BYTES:
      return "bytes";
    case pb::BYTES_PER_SECOND:
      return "bytes per second";
    case pb::SECONDS:
      return "time";
    case pb::FLOPS_PER_SECOND:
      return "FLOP per second";
    case pb::WATTS:
      return "power";
    case pb::JOULES_PER_BIT:
      return "energy per bit";
    case pb::RATIONAL:
      return "fraction";
    case pb::FILE_PATH:
      return "file path";
    case pb::NONE:
      break;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return "one of: " + Join(EnumNames(*field.enum_type()));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "mapping";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "number";
    default:
      return field.cpp_type_name();
  }
}

// "a.b" of the first field named `found` one or two levels below; empty when there is none.
std::string FindBelow(std::string_view found, const Descriptor& type, int levels) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const Descriptor& below = *field.message_type();
    if (below.FindFieldByName(std::string(found)) != nullptr) {
      return field.name() + "." + std::string(found);
    }
    const std::string deeper = levels > 1 ? FindBelow(found, below, levels - 1) : "";
    if (!deeper.empty()) return field.name() + "." + deeper;
  }
  return {};
}

}  // namespace

const pb::FieldRule& RuleOf(const FieldDescriptor& field) {
  return field.options().GetExtension(pb::field);
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::string EnumName(const EnumValueDescriptor& value) { return Lower(value.name()); }

std::vector<std::string> EnumNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(EnumName(*type.value(i)));
  }
  return names;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, std::string_view name) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor* value = type.value(i);
    if (value->number() != 0 && EnumName(*value) == name) return value;
  }
  return nullptr;
}

std::string OneofNames(const FieldDescriptor& field) {
  const auto* oneof = field.containing_oneof();
  std::string out;
  for (int i = 0; oneof != nullptr && i < oneof->field_count(); ++i) {
    out += (i == 0 ? "" : ", ") + oneof->field(i)->name();
  }
  return out;
}

std::string TypeName(const FieldDescriptor& field) {
  if (!field.is_repeated()) return ScalarTypeName(field);
  const bool mappings = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  return "list of " + (mappings ? "mappings" : ScalarTypeName(field));
}

std::string DefaultText(const FieldDescriptor& field) {
  if (!field.has_default_value()) return {};
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(*field.default_value_enum());
    case FieldDescriptor::CPPTYPE_BOOL:
      return field.default_value_bool() ? "true" : "false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return LimitText(field, field.default_value_double());
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(field.default_value_uint32());
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(field.default_value_uint64());
    default:
      return field.default_value_string();
  }
}

std::string LimitText(const FieldDescriptor& field, double limit) {
  const pb::Unit unit = RuleOf(field).unit();
  if (IsDimensioned(unit)) return PrintQuantity(limit, unit);
  // Limits of whole-number fields are far below 2^53.
  return field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE
             ? PrintNumber(limit)
             : std::to_string(static_cast<long long>(limit));
}

std::string RangeText(const FieldDescriptor& field) {
  const pb::FieldRule& rule = RuleOf(field);
  const std::string max = rule.has_max() ? LimitText(field, rule.max()) : "";
  if (rule.has_above()) {
    return "> " + LimitText(field, rule.above()) + (max.empty() ? "" : ", <= " + max);
  }
  if (!rule.has_min()) return max.empty() ? "" : "<= " + max;
  const std::string min = LimitText(field, rule.min());
  if (min == max) return min;
  return max.empty() ? ">= " + min : min + " .. " + max;
}

std::string NameHint(std::string_view found, const std::vector<std::string>& candidates) {
  // Wrong case and swapped letters are far by edit distance, yet surely meant.
  const auto same_letters = [](std::string_view a, std::string_view b) {
    std::string x = Lower(a);
    std::string y = Lower(b);
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    return x == y;
  };
  for (const std::string& candidate : candidates) {
    if (same_letters(found, candidate)) return "; did you mean '" + candidate + "'?";
  }
  return Suggestion(found, candidates);
}

std::string FieldHint(std::string_view found, const Descriptor& type) {
  constexpr int kLevels = 2;
  std::vector<std::string> names = FieldNames(type);
  names.emplace_back("include");
  const std::string below = FindBelow(found, type, kLevels);
  if (!below.empty() && NearestName(found, names).empty()) {
    return "; did you mean '" + below + "'?";
  }
  return NameHint(found, names);
}

}  // namespace switchyard
