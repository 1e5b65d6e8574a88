#include "sim/scenario/merge.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

const OneofDescriptor* OneofOf(const Descriptor& type, const std::string& name) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  return field == nullptr ? nullptr : field->containing_oneof();
}

bool IsOption(const Place& place) { return place.origin && !place.origin->option.empty(); }

// A mapping that an option reaches into stays where the file has it.
bool IsMergedOption(const ConfigEntry& base, const ConfigEntry& over) {
  return IsOption(over.key_where) && base.value.IsMapping() && over.value.IsMapping();
}

void DropReplacedMembers(ConfigNode& base, const ConfigNode& over, const Descriptor& type) {
  std::erase_if(base.entries, [&](const ConfigEntry& old) {
    const OneofDescriptor* oneof = OneofOf(type, old.key);
    return oneof != nullptr && over.Find(old.key) == nullptr &&
           std::any_of(over.entries.begin(), over.entries.end(), [&](const ConfigEntry& entry) {
             return OneofOf(type, entry.key) == oneof &&
                    entry.value.kind != ConfigNode::Kind::kNull;
           });
  });
}

}  // namespace

const Descriptor* TypeOfField(const Descriptor* type, const std::string& name) {
  const FieldDescriptor* field = type == nullptr ? nullptr : type->FindFieldByName(name);
  return field == nullptr || field->is_repeated() ? nullptr : field->message_type();
}

const Descriptor* TypeOfItems(const Descriptor* type, const std::string& name) {
  const FieldDescriptor* field = type == nullptr ? nullptr : type->FindFieldByName(name);
  return field == nullptr || !field->is_repeated() ? nullptr : field->message_type();
}

ConfigNode Merge(ConfigNode base, ConfigNode over, const Descriptor* type) {
  if (!base.IsMapping() || !over.IsMapping()) return over;
  if (type != nullptr) DropReplacedMembers(base, over, *type);
  for (ConfigEntry& entry : over.entries) {
    ConfigEntry* old = base.Find(entry.key);
    if (old == nullptr) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    if (!IsMergedOption(*old, entry)) old->key_where = entry.key_where;
    old->value = Merge(std::move(old->value), std::move(entry.value), TypeOfField(type, old->key));
  }
  if (!IsOption(over.where)) base.where = over.where;
  base.incomplete = base.incomplete || over.incomplete;
  return base;
}

}  // namespace switchyard
