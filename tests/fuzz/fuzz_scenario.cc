// Arbitrary bytes as a scenario: refused with a reason, or resolved to a text that loads again to
// itself. No other file is opened.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/scenario/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  switchyard::LoadOptions options;
  options.allow_files = false;
  const auto loaded = switchyard::LoadScenarioText(text, "fuzz.yaml", options);
  if (!loaded.ok()) {
    if (loaded.errors().empty()) std::abort();
    return 0;
  }
  const std::string& resolved = loaded.value().resolved_yaml;
  const auto again = switchyard::LoadScenarioText(resolved, "again.yaml", options);
  if (!again.ok() || again.value().resolved_yaml != resolved) std::abort();
  return 0;
}
