// switchyard trace: router traces; generate is here, the others have files of their own.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"
#include "sim/cli/trace_convert.h"
#include "sim/routing/fitted_presets.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_generate.h"

namespace switchyard {
namespace {

struct GenerateOptions {
  std::string preset = "dsv2_lite_esft";
  std::optional<double> zipf;
  std::optional<double> lognormal;
  bool uniform = false;
  bool no_weights = false;
  RoutingShape shape{26, 8192, 64, 6, 1, 1};
  std::uint32_t sequence = 256;
  std::uint64_t seed = 1;
  std::string to;
};

std::vector<std::string> PresetNames() {
  std::vector<std::string> names;
  for (const FittedPreset& preset : kFittedPresets) names.emplace_back(preset.name);
  return names;
}

RoutingSpec LawOf(const GenerateOptions& options) {
  if (options.uniform) return UniformRouting{};
  if (options.zipf) return ZipfRouting{*options.zipf};
  if (options.lognormal) return LogNormalRouting{*options.lognormal};
  const auto preset = std::find_if(std::begin(kFittedPresets), std::end(kFittedPresets),
                                   [&](const FittedPreset& p) { return p.name == options.preset; });
  return preset->routing;
}

ExitCode Generate(const GenerateOptions& options) {
  OutputPlan plan;
  plan.Writes("TO", options.to);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const Result<RouterTrace> trace = GenerateTrace(LawOf(options), options.shape, options.seed,
                                                  options.sequence, !options.no_weights);
  if (!trace.ok()) return Complain(trace.errors());
  const Result<void> written = SaveTrace(trace.value(), options.to);
  return written.ok() ? ExitCode::kOk : Complain(written.errors());
}

void AddGenerate(CLI::App& trace, Action& action) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* generate = trace.add_subcommand("generate", "Draw a synthetic trace");
  generate->add_option("TO", options->to, "The .trace to write")
      ->required()
      ->check(NotEmpty())
      ->check(NotStandardOutput());
  CLI::Option* preset =
      generate->add_option("--preset", options->preset, "Generator fitted to real traces")
          ->check(CLI::IsMember(PresetNames()))
          ->capture_default_str();
  CLI::Option* zipf = generate->add_option("--zipf", options->zipf, "Zipf popularity, exponent");
  CLI::Option* lognormal =
      generate->add_option("--lognormal", options->lognormal, "Log-normal popularity, sigma");
  CLI::Option* uniform = generate->add_flag("--uniform", options->uniform, "Uniform choices");
  zipf->excludes(preset)->excludes(lognormal)->excludes(uniform)->check(CLI::Range(0.0, 10.0));
  lognormal->excludes(preset)->excludes(uniform)->check(CLI::Range(0.0, 10.0));
  uniform->excludes(preset);
  generate->add_option("--experts", options->shape.num_experts, "Experts per layer")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  generate->add_option("--top-k", options->shape.top_k, "Choices per token")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  generate->add_option("--layers", options->shape.moe_layers, "MoE layers")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  generate->add_option("--tokens", options->shape.tokens, "Tokens")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  generate->add_option("--sequence", options->sequence, "Tokens per sequence")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str();
  generate->add_flag("--no-weights", options->no_weights,
                     "Keep only which experts were chosen: a smaller file");
  generate->add_option("--seed", options->seed, "Of everything random")
      ->check(Unsigned64())
      ->capture_default_str();
  generate->callback([options, &action] { action = [options] { return Generate(*options); }; });
}

}  // namespace

void AddTraceCommand(CLI::App& app, Action& action) {
  CLI::App* trace =
      app.add_subcommand("trace", "Router traces: info, convert, generate, record, scale");
  trace->require_subcommand(1);
  AddTraceInfo(*trace, action);
  AddTraceConvert(*trace, action);
  AddGenerate(*trace, action);
  AddTraceRecord(*trace, action);
  AddTraceJoin(*trace, action);
  AddTraceScale(*trace, action);
}

}  // namespace switchyard
