// Any bytes as a config.json: a model or diagnostics, no crash; what imports can be summarised and
// written as a card.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "models/card.h"
#include "models/import/hf_config.h"
#include "models/summary.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto imported = switchyard::ImportHfConfig(text, "config.json");
  if (!imported.ok()) {
    if (imported.errors().empty()) std::abort();
    (void)switchyard::ToString(imported.errors());
    return 0;
  }
  const switchyard::ModelSpec& model = imported.value().spec;
  const auto summary = switchyard::Summarize(model, imported.value().notes);
  if (!std::isfinite(summary.params_total) || summary.params_active > summary.params_total) {
    std::abort();
  }
  (void)switchyard::SummaryJson(summary);
  (void)switchyard::SummaryText(summary);
  (void)switchyard::ModelCardYaml(model, "fuzz");
  return 0;
}
