// Counts of choices [layers, experts] or [steps, layers, experts] as tokens drawn from them, for
// the formats that hold such an array (JSON, .pt).
//
//   return TraceFromLogicalCount(*FindMember(root, "logical_count"), options, log, "counts_json");
#pragma once

#include <string_view>

#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

[[nodiscard]] Result<RouterTrace> TraceFromLogicalCount(const DataNode& node,
                                                        const ImportOptions& options,
                                                        ImportLog& log, std::string_view format);

}  // namespace switchyard
