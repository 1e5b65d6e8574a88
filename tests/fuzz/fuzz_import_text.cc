// Any bytes as a trace that another tool has written: a trace that can be saved and read again, or
// diagnostics. The first byte chooses the format and what the user says besides the file.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard {
namespace {

void Use(const RouterTrace& trace) {
  std::ostringstream out;
  SaveTrace(trace, out);
  std::istringstream in(out.str());
  const Result<RouterTrace> again = LoadTrace(in, "again.trace");
  // Everything but tokens without a single choice comes back.
  if (!again.ok() || again.value().experts != trace.experts) std::abort();
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using switchyard::TraceImporter;
  if (size == 0) return 0;
  constexpr unsigned kFormats = 16, kExperts = 16, kTopK = 32, kLayers = 64, kTokens = 128;
  const auto importers = switchyard::TraceImporters();
  const TraceImporter& importer = importers[data[0] % kFormats % importers.size()];
  switchyard::ImportOptions options;
  options.max_bytes = std::size_t{1} << 24;
  if ((data[0] & kExperts) != 0) options.experts = 8;
  if ((data[0] & kTopK) != 0) options.top_k = 2;
  if ((data[0] & kLayers) != 0) options.layers = 2;
  if ((data[0] & kTokens) != 0) options.tokens = 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  // Straight to the format: what options are refused for it is no matter here.
  const auto trace = importer.import({"fuzz", bytes}, options);
  for (const TraceImporter& other : importers) (void)other.recognizes({"fuzz", bytes});
  if (trace.ok()) {
    switchyard::Use(trace.value());
  } else if (trace.errors().empty()) {
    std::abort();
  } else {
    (void)switchyard::ToString(trace.errors());
  }
  return 0;
}
