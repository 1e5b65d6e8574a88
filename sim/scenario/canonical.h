// The fully resolved form of a message: every default written out, and printed in one way only.
#pragma once

#include <string>

namespace google::protobuf {
class Message;
}

namespace switchyard {

// Gives every absent scalar its default, and creates absent messages that consist of defaults alone
// (`capacity`, but not `cluster.node.nvlink`: no NVLink is different from an NVLink of defaults).
void FillDefaults(google::protobuf::Message& message);

// YAML with the fields in schema order and quantities in their most readable unit. Reading it back
// gives an equal message, and printing that gives the same text.
[[nodiscard]] std::string PrintYaml(const google::protobuf::Message& message);

}  // namespace switchyard
