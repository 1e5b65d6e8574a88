// One mapping over another: how `include`, cards and `--set` combine.
#pragma once

#include "sim/scenario/config_node.h"

namespace google::protobuf {
class Descriptor;
}

namespace switchyard {

// The mapping `base` with the keys of `over` on top: mappings are merged key by key, everything
// else replaces. A member of a oneof of `type` also replaces the members beside it that `base` has
// (an included trace gives way to `uniform: {}`). `type` may be null: then no oneof is known.
[[nodiscard]] ConfigNode Merge(ConfigNode base, ConfigNode over,
                               const google::protobuf::Descriptor* type);

// The message type of the field `name` of `type`; nullptr when there is none, or a list of them.
[[nodiscard]] const google::protobuf::Descriptor* TypeOfField(
    const google::protobuf::Descriptor* type, const std::string& name);
// Of a list of mappings.
[[nodiscard]] const google::protobuf::Descriptor* TypeOfItems(
    const google::protobuf::Descriptor* type, const std::string& name);

}  // namespace switchyard
