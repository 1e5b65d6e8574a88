// The scenario schema in words, for `switchyard describe`.
//
//   DescribeMessage("cluster.node")   // a table of its fields
//   DescribeMessage("workload.phase") // one field
#pragma once

#include <string>

#include "sim/base/result.h"

namespace switchyard {

// `path` names fields from the root of a scenario; "" and "scenario" are the root itself. Fails for
// a path that does not exist, saying which names do.
[[nodiscard]] Result<std::string> DescribeMessage(const std::string& path);

}  // namespace switchyard
