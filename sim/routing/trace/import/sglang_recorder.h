// A dump of SGLang's expert distribution recorder in mode per_token, from JSON or a .pt file.
//
//   return TraceFromRecorder(root, options, log, "sglang_recorder");
#pragma once

#include <string_view>

#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

[[nodiscard]] Result<RouterTrace> TraceFromRecorder(const DataNode& root,
                                                    const ImportOptions& options, ImportLog& log,
                                                    std::string_view format);

}  // namespace switchyard
