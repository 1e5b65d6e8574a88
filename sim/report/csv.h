// The result's tables as CSV, for spreadsheets and pandas: a header row, fields quoted as RFC 4180
// says where they must be, lines ended by a line feed, doubles with nine significant digits.
#pragma once

#include <string>

#include "sim/metrics/run_result.h"

namespace switchyard {

// name,layer,time_s,bytes; the layer is empty for collectives outside the layers.
[[nodiscard]] std::string CollectivesCsv(const RunResult& result);
// name,tier,bytes,busy_s,utilization
[[nodiscard]] std::string LinksCsv(const RunResult& result);
// layer,expert,device,chosen,kept
[[nodiscard]] std::string ExpertsCsv(const RunResult& result);

}  // namespace switchyard
