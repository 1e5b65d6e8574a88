// From logits to a trace: every row is routed as a kernel would, and the choices are recorded.
//
//   Result<Logits> logits = LoadLogits("logits.safetensors");
//   RecordPlan plan{.route = FindPreset("mixtral")->Route(8, 2)};
//   auto backend = MakeHostBackend(plan.route, plan.groups);
//   Result<RecorderReport> report = RecordLogits(logits.value(), plan, *backend, file.stream());
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "kernels/recorder/logits_file.h"
#include "kernels/recorder/route_backend.h"
#include "kernels/recorder/trace_recorder.h"
#include "sim/base/result.h"

namespace switchyard::kernels {

struct RecordPlan {
  RouteSpec route;
  CapacityGroups groups;
  std::uint32_t step_tokens = 4096;  // of one forward pass; the last may be shorter
  bool weights = true;
  WeightFormat weight_format = WeightFormat::kF32;
  std::string router;  // its preset's name, for the trace's notes
  std::string device;  // "" on the host, else the GPU's name
  std::string driver;
  std::function<void(std::uint64_t tokens)> progress;  // called after every step; may be empty
};

// The trace's header as it will be written: model, corpus, domains, recipes of all layers, notes.
[[nodiscard]] RouterTrace AboutTrace(const Logits& logits, const RecordPlan& plan);

// Fails when the routing specification does not fit the logits, or a kernel or the output fails.
[[nodiscard]] Result<RecorderReport> RecordLogits(const Logits& logits, const RecordPlan& plan,
                                                  RouteBackend& backend, std::ostream& out);

}  // namespace switchyard::kernels
