#include "sim/scenario/scalars.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <charconv>
#include <filesystem>
#include <limits>
#include <optional>

#include "scenarios/schema/rules.pb.h"
#include "sim/base/check.h"
#include "sim/base/rational.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Expected(const FieldDescriptor& field, const ConfigNode& node) {
  std::string text = "expected " + std::string(field.is_repeated() ? field.cpp_type_name()
                                                                   : TypeName(field).c_str());
  text += ", got " + Describe(node);
  return node.quoted ? text + " in quotes; write it without" : text;
}

// Empty when the value is within the field's limits.
std::string CheckRange(const FieldDescriptor& field, double value, const std::string& found) {
  const pb::FieldRule& rule = RuleOf(field);
  const bool low =
      (rule.has_min() && value < rule.min()) || (rule.has_above() && value <= rule.above());
  const bool high = rule.has_max() && value > rule.max();
  if (!low && !high) return {};
  const std::string got = ", got " + found;
  if (rule.has_min() && rule.has_max()) {
    if (rule.min() == rule.max()) return "must be " + LimitText(field, rule.min()) + got;
    return "must be between " + LimitText(field, rule.min()) + " and " +
           LimitText(field, rule.max()) + got;
  }
  if (rule.has_above() && rule.has_max()) {
    return "must be above " + LimitText(field, rule.above()) + " and at most " +
           LimitText(field, rule.max()) + got;
  }
  if (high) return "must be at most " + LimitText(field, rule.max()) + got;
  if (rule.has_above()) return "must be above " + LimitText(field, rule.above()) + got;
  return "must be at least " + LimitText(field, rule.min()) + got;
}

// Decimal digits without sign or leading zero (YAML 1.1 reads 010 as eight).
template <class Integer>
std::optional<Integer> ParseInteger(const std::string& text) {
  Integer value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  if (parsed.ec != std::errc() || parsed.ptr != end || leading_zero) return std::nullopt;
  return value;
}

std::string SetUint32(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  const auto value = ParseInteger<std::uint32_t>(node.scalar);
  if (!value || node.quoted) return Expected(field, node);
  if (std::string wrong = CheckRange(field, *value, node.scalar); !wrong.empty()) return wrong;
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    reflection.AddUInt32(&message, &field, *value);
  } else {
    reflection.SetUInt32(&message, &field, *value);
  }
  return {};
}

std::string SetUint64(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  const auto value = ParseInteger<std::uint64_t>(node.scalar);
  if (!value || node.quoted) return Expected(field, node);
  // Ranges are doubles: exact below 2^53, and no 64-bit field has a limit above.
  if (std::string wrong = CheckRange(field, static_cast<double>(*value), node.scalar);
      !wrong.empty()) {
    return wrong;
  }
  message.GetReflection()->SetUInt64(&message, &field, *value);
  return {};
}

std::string SetDouble(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  const pb::Unit unit = RuleOf(field).unit();
  double value = 0.0;
  if (IsDimensioned(unit)) {
    const Result<double> parsed = ParseQuantity(node.scalar, unit);
    if (!parsed.ok()) return parsed.errors()[0].message;
    value = parsed.value();
  } else {
    const Result<double> parsed = ParseNumber(node.scalar);
    if (!parsed.ok() || node.quoted) return Expected(field, node);
    value = parsed.value();
  }
  if (std::string wrong = CheckRange(field, value, node.scalar); !wrong.empty()) return wrong;
  message.GetReflection()->SetDouble(&message, &field, value);
  return {};
}

std::string SetBool(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  if (node.quoted || (node.scalar != "true" && node.scalar != "false")) {
    return Expected(field, node);
  }
  message.GetReflection()->SetBool(&message, &field, node.scalar == "true");
  return {};
}

std::string SetEnum(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  const EnumValueDescriptor* value = FindEnumValue(*field.enum_type(), node.scalar);
  if (value == nullptr) {
    return "unknown value " + Describe(node) + NameHint(node.scalar, EnumNames(*field.enum_type()));
  }
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    reflection.AddEnum(&message, &field, value);
  } else {
    reflection.SetEnum(&message, &field, value);
  }
  return {};
}

// Where the file is, whatever the current directory is later.
std::string AbsolutePath(const ConfigNode& node) {
  const std::filesystem::path path = node.where.origin->folder / node.scalar;
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return (error ? path : absolute).lexically_normal().generic_string();
}

std::string SetString(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  const pb::Unit unit = RuleOf(field).unit();
  std::string value = node.scalar;
  if (unit == pb::RATIONAL) {
    const std::optional<Rational> rational = Rational::Parse(value);
    if (!rational) {
      return "expected a fraction such as 1.25 or 5/4 (at most nine decimals), got " +
             Describe(node);
    }
    value = rational->ToString();
  } else if (unit == pb::FILE_PATH) {
    if (value.empty()) return "expected a file path, got nothing";
    value = AbsolutePath(node);
  }
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(&message, &field, value);
  } else {
    reflection.SetString(&message, &field, value);
  }
  return {};
}

}  // namespace

std::string SetScalar(const ConfigNode& node, const FieldDescriptor& field, Message& message) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return SetUint32(node, field, message);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetUint64(node, field, message);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return SetDouble(node, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(node, field, message);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(node, field, message);
    case FieldDescriptor::CPPTYPE_STRING:
      return SetString(node, field, message);
    default:
      SWITCHYARD_CHECK(false, "the schema uses a type that scenarios cannot write");
  }
}

}  // namespace switchyard
