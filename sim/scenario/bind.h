// From a located tree to a protobuf message, by reflection: the schema decides what every scalar
// means, and everything that does not fit is reported with its place.
#pragma once

#include <string>

#include "sim/scenario/config_node.h"
#include "sim/scenario/problems.h"

namespace google::protobuf {
class Message;
}

namespace switchyard {

// Fills `message` with what `root` says and reports every mistake: unknown fields, wrong types,
// quoted numbers, values out of range, two members of a oneof, missing required fields. Fields in
// error stay unset. `path` is what the root is called in messages ("" for a scenario). Records the
// place of every field that is there.
void Bind(const ConfigNode& root, const std::string& path, google::protobuf::Message& message,
          Locations& locations, Problems& problems);

}  // namespace switchyard
