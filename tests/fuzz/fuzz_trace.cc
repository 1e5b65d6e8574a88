// Arbitrary bytes as a .trace file: refused, or a trace that is saved and loaded again as the same,
// to the same bytes.
// Checksums are not verified, else hardly any input would get past them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_stats.h"

namespace {

switchyard::Result<switchyard::RouterTrace> Load(const std::string& bytes, bool verify_checksums) {
  switchyard::LoadTraceOptions options;
  // A gap of a few bytes may stand for many choices, all of which are looked at below.
  options.max_bytes = std::size_t{16} << 20;
  options.verify_checksums = verify_checksums;
  std::istringstream in(bytes);
  return switchyard::LoadTrace(in, "fuzz.trace", options);
}

bool SameContent(const switchyard::RouterTrace& a, const switchyard::RouterTrace& b) {
  return a.experts == b.experts && a.kept == b.kept && a.domains == b.domains &&
         a.gaps.size() == b.gaps.size() && a.tokens() == b.tokens();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kMaxExperts = 512;  // statistics of more take too long for a fuzzer
  const auto trace = Load(std::string(reinterpret_cast<const char*>(data), size), false);
  if (!trace.ok()) return 0;
  std::ostringstream saved;
  SaveTrace(trace.value(), saved);
  const auto again = Load(saved.str(), true);
  if (!again.ok() || !SameContent(again.value(), trace.value())) std::abort();
  std::ostringstream saved_again;
  SaveTrace(again.value(), saved_again);
  if (saved_again.str() != saved.str()) std::abort();
  if (trace.value().num_experts <= kMaxExperts) {
    static_cast<void>(ToText(switchyard::ComputeTraceStats(trace.value())));
  }
  return 0;
}
