#include "sim/report/csv.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "sim/graph/labels.h"

namespace switchyard {
namespace {

// RFC 4180, section 2: a field with a comma, a quote or a line break is quoted, its quotes doubled.
std::string Field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string CollectivesCsv(const RunResult& result) {
  std::string csv = "name,layer,time_s,bytes\n";
  for (const CollectiveResult& row : result.collectives) {
    const std::string layer = row.layer == kNoLayer ? "" : std::to_string(row.layer);
    fmt::format_to(std::back_inserter(csv), "{},{},{:.9g},{:.9g}\n", Field(row.name), layer,
                   row.time_s, row.bytes);
  }
  return csv;
}

std::string LinksCsv(const RunResult& result) {
  std::string csv = "name,tier,bytes,busy_s,utilization\n";
  for (const LinkResult& row : result.links) {
    fmt::format_to(std::back_inserter(csv), "{},{},{:.9g},{:.9g},{:.9g}\n", Field(row.name),
                   Field(row.tier), row.bytes, row.busy_s, row.utilization);
  }
  return csv;
}

std::string ExpertsCsv(const RunResult& result) {
  std::string csv = "layer,expert,device,chosen,kept\n";
  for (const ExpertLoadRow& row : result.experts) {
    fmt::format_to(std::back_inserter(csv), "{},{},{},{},{}\n", row.layer, row.expert, row.device,
                   row.chosen, row.kept);
  }
  return csv;
}

}  // namespace switchyard
