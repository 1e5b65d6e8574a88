// `--set path.to.field=value`: single fields given on the command line.
#pragma once

#include <string>

#include "sim/base/result.h"
#include "sim/scenario/config_node.h"

namespace google::protobuf {
class Descriptor;
}

namespace switchyard {

// The option as a tree that holds that one field, to be merged over a scenario's tree. The value is
// YAML ("8", "450 GB/s", "{}", "[0, 1]"). `flag` is the option's name for messages. Fails when the
// text is no `path=value` or the path names no field of `type`.
[[nodiscard]] Result<ConfigNode> ParseOverride(const std::string& option, const std::string& flag,
                                               const google::protobuf::Descriptor* type);

}  // namespace switchyard
