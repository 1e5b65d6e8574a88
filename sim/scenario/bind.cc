#include "sim/scenario/bind.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <map>

#include "scenarios/schema/rules.pb.h"
#include "sim/scenario/scalars.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

class Binder {
 public:
  Binder(Locations& locations, Problems& problems) : locations_(locations), problems_(problems) {}

  // `complete`: false when the mapping lacks fields because a file could not be read.
  void BindMapping(const ConfigNode& node, const std::string& path, bool complete,
                   Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    complete = complete && !node.incomplete;
    std::map<const OneofDescriptor*, std::string> chosen;
    for (const ConfigEntry& entry : node.entries) {
      if (problems_.full()) return;
      const FieldDescriptor* field = type.FindFieldByName(entry.key);
      const std::string child = JoinPath(path, entry.key);
      if (field == nullptr) {
        problems_.Add(entry.key_where, child, "unknown field" + FieldHint(entry.key, type));
        continue;
      }
      if (entry.value.kind == ConfigNode::Kind::kNull) {  // as if it were not there
        if (overlays_ > 0) {
          problems_.Add(entry.value.where, child,
                        "null takes nothing away here; give what replaces it");
        }
        continue;
      }
      if (const OneofDescriptor* oneof = field->containing_oneof()) {
        const auto [first, fresh] = chosen.emplace(oneof, entry.key);
        if (!fresh) {
          problems_.Add(entry.key_where, child,
                        "conflicts with '" + first->second + "'; only one of " +
                            OneofNames(*field) + " may be given");
          continue;
        }
      }
      BindField(entry, *field, child, complete, message);
    }
    if (complete) CheckRequired(node, path, message);
  }

  // The place that stands for a mapping: its key, where it has one.
  void SetPlace(const std::string& path, const Place& place) { locations_.Set(path, place); }

 private:
  void BindField(const ConfigEntry& entry, const FieldDescriptor& field, const std::string& path,
                 bool complete, Message& message) {
    const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    SetPlace(path, is_message ? entry.key_where : entry.value.where);
    if (field.is_repeated()) return BindList(entry.value, field, path, message);
    if (!is_message) return BindScalar(entry.value, field, path, message);
    if (!IsMapping(entry.value, path)) return;
    const bool overlay = RuleOf(field).overlay();
    overlays_ += overlay ? 1 : 0;
    BindMapping(entry.value, path, complete && !overlay,
                *message.GetReflection()->MutableMessage(&message, &field));
    overlays_ -= overlay ? 1 : 0;
  }

  // Reports what is none.
  bool IsMapping(const ConfigNode& node, const std::string& path) {
    if (node.IsMapping()) return true;
    const bool empty = node.kind == ConfigNode::Kind::kEmpty;
    problems_.Add(
        node.where, path,
        "expected a mapping, got " + Describe(node) + (empty ? "; write {} for all defaults" : ""));
    return false;
  }

  void BindScalar(const ConfigNode& node, const FieldDescriptor& field, const std::string& path,
                  Message& message) {
    if (node.kind != ConfigNode::Kind::kScalar) {
      const std::string type = field.is_repeated() ? field.cpp_type_name() : TypeName(field);
      problems_.Add(node.where, path, "expected " + type + ", got " + Describe(node));
      return;
    }
    if (std::string wrong = SetScalar(node, field, message); !wrong.empty()) {
      problems_.Add(node.where, path, std::move(wrong));
    }
  }

  void BindList(const ConfigNode& node, const FieldDescriptor& field, const std::string& path,
                Message& message) {
    if (node.kind != ConfigNode::Kind::kSequence) {
      problems_.Add(node.where, path, "expected a " + TypeName(field) + ", got " + Describe(node));
      return;
    }
    for (std::size_t i = 0; i < node.items.size() && !problems_.full(); ++i) {
      const std::string item = path + "[" + std::to_string(i) + "]";
      SetPlace(item, node.items[i].where);
      BindItem(node.items[i], field, item, message);
    }
  }

  void BindItem(const ConfigNode& node, const FieldDescriptor& field, const std::string& path,
                Message& message) {
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return BindScalar(node, field, path, message);
    }
    // Added also when it is wrong, so that the items keep their numbers.
    Message& item = *message.GetReflection()->AddMessage(&message, &field);
    if (IsMapping(node, path)) BindMapping(node, path, true, item);
  }

  void CheckRequired(const ConfigNode& node, const std::string& path, const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!RuleOf(field).required()) continue;
      const ConfigEntry* entry = node.Find(field.name());
      if (entry != nullptr && entry->value.kind != ConfigNode::Kind::kNull) continue;
      problems_.Add(locations_.Find(path), JoinPath(path, field.name()),
                    "missing required field (" + RuleOf(field).help() + ")");
    }
  }

  Locations& locations_;
  Problems& problems_;
  int overlays_ = 0;  // mappings laid over others that surround the present one
};

}  // namespace

void Bind(const ConfigNode& root, const std::string& path, Message& message, Locations& locations,
          Problems& problems) {
  Binder binder(locations, problems);
  binder.SetPlace(path, root.where);
  if (!root.IsMapping()) {
    problems.Add(root.where, path,
                 "expected a mapping ('key: value' lines), got " + Describe(root));
    return;
  }
  binder.BindMapping(root, path, true, message);
}

}  // namespace switchyard
