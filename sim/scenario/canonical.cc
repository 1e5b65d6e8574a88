#include "sim/scenario/canonical.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "scenarios/schema/rules.pb.h"
#include "sim/base/check.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// True when the message means something without a single field given.
bool ConsistsOfDefaults(const Descriptor& type) {
  bool any = false;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (RuleOf(field).required() || field.containing_oneof() != nullptr) return false;
    any = any || field.has_default_value();
  }
  return any;
}

void SetDefault(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field, field.default_value_uint32());
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, field.default_value_uint64());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, field.default_value_double());
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, field.default_value_bool());
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection.SetEnum(&message, &field, field.default_value_enum());
    default:
      SWITCHYARD_CHECK(false, "the schema gives a default to a type that has none");
  }
}

bool IsPlainCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./+(), ").find(c) != std::string_view::npos;
}

// Without quotes when no reader could take it for anything but this text.
bool IsPlain(const std::string& text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || (!letter(text[0]) && text[0] != '/') || text.back() == ' ') return false;
  for (const char c : text) {
    if (!IsPlainCharacter(c)) return false;
  }
  constexpr std::array kWords = {"null", "Null", "NULL", "true", "false", "yes", "no", "on", "off"};
  for (const char* word : kWords) {
    if (text == word) return false;
  }
  return true;
}

std::string Quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (u < 0x20 || u == 0x7F) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", unsigned{u});
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string PrintString(const Message& message, const FieldDescriptor& field) {
  std::string text = message.GetReflection()->GetString(message, &field);
  const bool plain = RuleOf(field).unit() == pb::RATIONAL || IsPlain(text);
  return plain ? text : Quote(text);
}

std::string PrintScalar(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(reflection.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return LimitText(field, reflection.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(*reflection.GetEnum(message, &field));
    default:
      return PrintString(message, field);
  }
}

std::string PrintItem(const Message& message, const FieldDescriptor& field, int i) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection.GetRepeatedUInt32(message, &field, i));
    case FieldDescriptor::CPPTYPE_STRING:
      return Quote(reflection.GetRepeatedString(message, &field, i));
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(*reflection.GetRepeatedEnum(message, &field, i));
    default:
      SWITCHYARD_CHECK(false, "the schema has lists of a type that cannot be printed");
  }
}

std::string PrintList(const Message& message, const FieldDescriptor& field) {
  std::string out;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    out += (i == 0 ? "" : ", ") + PrintItem(message, field, i);
  }
  return "[" + out + "]";
}

void PrintMapping(const Message& message, const std::string& indent, std::string& out);

// One item below the other, each begun by a dash in place of its first line's indentation.
void PrintMappings(const Message& message, const FieldDescriptor& field, const std::string& indent,
                   std::string& out) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    std::string content;
    PrintMapping(reflection.GetRepeatedMessage(message, &field, i), indent + "  ", content);
    out += indent + "- " + (content.empty() ? "{}\n" : content.substr(indent.size() + 2));
  }
}

void PrintMapping(const Message& message, const std::string& indent, std::string& out) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      if (reflection.FieldSize(message, &field) == 0) continue;
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        out += indent + field.name() + ":\n";
        PrintMappings(message, field, indent + "  ", out);
      } else {
        out += indent + field.name() + ": " + PrintList(message, field) + "\n";
      }
    } else if (!reflection.HasField(message, &field)) {
      continue;
    } else if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      out += indent + field.name() + ": " + PrintScalar(message, field) + "\n";
    } else {
      std::string content;
      PrintMapping(reflection.GetMessage(message, &field), indent + "  ", content);
      out += indent + field.name() + (content.empty() ? ": {}\n" : ":\n" + content);
    }
  }
}

void FillItems(Message& message, const FieldDescriptor& field) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return;
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    FillDefaults(*reflection.MutableRepeatedMessage(&message, &field, i));
  }
}

}  // namespace

void FillDefaults(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.is_repeated()) {
      FillItems(message, field);
      continue;
    }
    // What is laid over another message says only what differs.
    if (RuleOf(field).overlay()) continue;
    const bool has = reflection.HasField(message, &field);
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!has && field.has_default_value()) SetDefault(message, field);
    } else if (has ||
               (field.containing_oneof() == nullptr && ConsistsOfDefaults(*field.message_type()))) {
      FillDefaults(*reflection.MutableMessage(&message, &field));
    }
  }
}

std::string PrintYaml(const Message& message) {
  std::string out;
  PrintMapping(message, "", out);
  return out;
}

}  // namespace switchyard
