// One scalar of a scenario as the value of one field. Used by Bind.
#pragma once

#include <string>

#include "sim/scenario/config_node.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace switchyard {

// Sets the field (appends, when it is repeated) to what `node`, a scalar, says. Returns what is
// wrong with it, empty when all is well; then nothing is set.
[[nodiscard]] std::string SetScalar(const ConfigNode& node,
                                    const google::protobuf::FieldDescriptor& field,
                                    google::protobuf::Message& message);

}  // namespace switchyard
