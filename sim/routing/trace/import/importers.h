// One function per format: its line of the table in registry.cc.
#pragma once

#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard {

[[nodiscard]] TraceImporter VllmNpzImporter();
[[nodiscard]] TraceImporter RoutedExpertsImporter();
[[nodiscard]] TraceImporter SglangRecorderImporter();
[[nodiscard]] TraceImporter TorchFileImporter();
[[nodiscard]] TraceImporter CountsJsonImporter();
[[nodiscard]] TraceImporter CountsCsvImporter();
[[nodiscard]] TraceImporter LlamaMoeTraceImporter();
[[nodiscard]] TraceImporter MoeBalanceImporter();
[[nodiscard]] TraceImporter MegatronImporter();

}  // namespace switchyard
