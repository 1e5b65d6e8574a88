// switchyard trace scale: a measured trace stretched to the shape of a larger model.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "sim/cli/checks.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"
#include "sim/routing/trace/trace_scale.h"

namespace switchyard {
namespace {

struct ScaleOptions {
  std::string from;
  std::string to;
  std::uint32_t source_experts = 0;
  ScaleSpec spec;
};

ExitCode Scale(const ScaleOptions& options) {
  OutputPlan plan;
  plan.Reads("the trace", options.from);
  plan.Writes("TO", options.to);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const Result<RouterTrace> trace = LoadTrace(options.from, {options.source_experts});
  if (!trace.ok()) return Complain(trace.errors());
  WarnOf(trace.value());
  const std::string name = std::filesystem::path(options.from).filename().string();
  const Result<RouterTrace> scaled = ScaleTrace(trace.value(), name, options.spec);
  if (!scaled.ok()) return Complain(scaled.errors());
  const Result<void> written = SaveTrace(scaled.value(), options.to);
  return written.ok() ? ExitCode::kOk : Complain(written.errors());
}

// A .npy cannot say that it is synthetic.
CLI::Validator NotNpy() {
  return {[](const std::string& file) {
            const bool npy = std::filesystem::path(file).extension() == ".npy";
            return npy ? std::string("a .npy cannot say that it is synthetic: write a .trace") : "";
          },
          ""};
}

}  // namespace

void AddTraceScale(CLI::App& trace, Action& action) {
  auto options = std::make_shared<ScaleOptions>();
  ScaleSpec& spec = options->spec;
  CLI::App* scale = trace.add_subcommand(
      "scale", "Stretch a trace to a larger shape; the result is synthetic, fitted");
  scale->add_option("FROM", options->from, "The trace to read")->required()->check(NotEmpty());
  scale->add_option("TO", options->to, "The .trace to write")
      ->required()
      ->check(NotEmpty())
      ->check(NotStandardOutput())
      ->check(NotNpy());
  scale->add_option("--layers", spec.layers, "MoE layers; default: as in FROM")
      ->check(CLI::Range(1, 4096));
  scale->add_option("--experts", spec.experts, "Experts, at least as many; default: as in FROM")
      ->check(CLI::Range(1, 65534));
  scale->add_option("--top-k", spec.top_k, "Choices per token; default: as in FROM")
      ->check(CLI::Range(1, 64));
  scale
      ->add_option("--tokens", spec.tokens,
                   "Tokens; more than in FROM: FROM again; default: as in FROM")
      ->check(CLI::Range(1, 1 << 24));
  scale->add_option("--seed", spec.seed, "Of everything random")
      ->check(Unsigned64())
      ->capture_default_str();
  scale->add_option("--source-experts", options->source_experts,
                    "Experts of FROM, when it is a .npy");
  scale->callback([options, &action] { action = [options] { return Scale(*options); }; });
}

}  // namespace switchyard
