// switchyard trace record: routes recorded logits as a kernel would, into a trace.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/presets.h"
#include "kernels/recorder/logits_file.h"
#include "kernels/recorder/record_logits.h"
#include "kernels/recorder/route_backend.h"
#include "sim/base/file.h"
#include "sim/base/progress.h"
#include "sim/base/rational.h"
#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"

namespace switchyard {
namespace {

using kernels::CapacitySpec;
using kernels::DropBy;
using kernels::Logits;
using kernels::RecordPlan;
using kernels::RouteSpec;

struct RecordFlags {
  std::string to;
  std::string logits;
  std::string router;
  kernels::LogitsFileOptions file;
  std::string sequences;
  std::string bias;
  std::optional<std::uint32_t> top_k;
  std::optional<std::uint32_t> groups;
  std::optional<std::uint32_t> topk_groups;
  std::optional<std::string> capacity_factor;
  bool no_drops = false;
  std::optional<std::uint32_t> group_tokens;
  std::optional<std::uint32_t> step_tokens;
  std::string weights = "f32";
  std::string device = "auto";
};

// A number that the file's metadata gives, such as "top_k"; `otherwise` when it gives none.
Result<std::uint32_t> NumberOf(const Logits& logits, const std::string& key,
                               std::uint32_t otherwise) {
  const auto found = logits.metadata.find(key);
  if (found == logits.metadata.end()) return otherwise;
  std::uint32_t number = 0;
  if (CLI::detail::lexical_cast(found->second, number)) return number;
  return Problem(fmt::format("{} '{}' in the metadata: a whole number", key, found->second));
}

Result<RouteSpec> RouteOf(const RecordFlags& flags, const Logits& logits) {
  const kernels::RouterPreset& preset = *kernels::FindPreset(flags.router);
  const Result<std::uint32_t> recorded = NumberOf(logits, "top_k", preset.top_k);
  if (!flags.top_k && !recorded.ok()) return recorded.errors();
  const std::uint32_t top_k = flags.top_k ? *flags.top_k : recorded.value();
  const std::uint32_t most = std::min<std::uint32_t>(logits.experts, kernels::kMaxTopK);
  if (top_k < 1 || top_k > most) {
    return Problem(
        fmt::format("top_k {} of {} experts; 1 to {} are possible", top_k, logits.experts, most));
  }
  RouteSpec route =
      preset.Route(static_cast<std::uint16_t>(logits.experts), static_cast<std::uint16_t>(top_k));
  if (flags.groups) route.groups = static_cast<std::uint16_t>(*flags.groups);
  if (flags.topk_groups) route.topk_groups = static_cast<std::uint16_t>(*flags.topk_groups);
  if (route.groups == 1) {
    route.group_score = kernels::GroupScore::kNone;
    if (!flags.topk_groups) route.topk_groups = 1;
  } else if (route.group_score == kernels::GroupScore::kNone) {
    route.group_score = preset.route.group_score;
  }
  const kernels::Status status = kernels::Validate(route);
  if (!status.ok()) return Problem(fmt::format("--router {}: {}", flags.router, status.what));
  return route;
}

Result<CapacitySpec> CapacityFor(const RecordFlags& flags, const Logits& logits) {
  CapacitySpec capacity = kernels::FindPreset(flags.router)->capacity;
  std::optional<std::string> factor = flags.capacity_factor;
  const auto recorded = logits.metadata.find("capacity_factor");
  if (!factor && recorded != logits.metadata.end()) factor = recorded->second;
  if (factor) {
    const std::optional<Rational> parsed = Rational::Parse(*factor);
    if (!parsed || parsed->numerator == 0) {
      return Problem(
          fmt::format("capacity factor '{}': a fraction above 0, such as 1.25 or 5/4", *factor));
    }
    capacity.rule.num = parsed->numerator;
    capacity.rule.den = parsed->denominator;
    if (capacity.drop == DropBy::kNone) capacity.drop = DropBy::kPosition;
  }
  if (flags.no_drops) capacity.drop = DropBy::kNone;
  return capacity;
}

// As asked; else about 4096, whole groups.
std::uint32_t StepTokens(const RecordFlags& flags, std::uint32_t group, std::uint64_t tokens) {
  constexpr std::uint32_t kUsual = 4096;
  std::uint32_t step = kUsual;
  if (group > 0) step = group * std::max(kUsual / group, 1U);
  if (flags.step_tokens) step = *flags.step_tokens;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(step, tokens));
}

Result<RecordPlan> PlanOf(const RecordFlags& flags, const Logits& logits) {
  const Result<RouteSpec> route = RouteOf(flags, logits);
  const Result<CapacitySpec> capacity = CapacityFor(flags, logits);
  const Result<std::uint32_t> group = NumberOf(logits, "group_tokens", 0);
  Diagnostics errors;
  if (!route.ok()) errors = route.errors();
  if (!group.ok()) errors.push_back(group.errors().front());
  if (!capacity.ok()) {
    errors.insert(errors.end(), capacity.errors().begin(), capacity.errors().end());
  }
  if (!errors.empty()) return errors;
  RecordPlan plan;
  plan.router = flags.router;
  plan.route = route.value();
  plan.groups.spec = capacity.value();
  plan.groups.tokens = flags.group_tokens ? *flags.group_tokens : group.value();
  plan.step_tokens = StepTokens(flags, plan.groups.tokens, logits.tokens);
  plan.weights = flags.weights != "none";
  plan.weight_format = flags.weights == "bf16" ? WeightFormat::kBf16 : WeightFormat::kF32;
  return plan;
}

// The GPU when there is one and it is not refused; with its name in the plan.
Result<std::unique_ptr<kernels::RouteBackend>> BackendFor(const RecordFlags& flags,
                                                          RecordPlan& plan) {
  if (flags.device == "cpu") return kernels::MakeHostBackend(plan.route, plan.groups);
  const kernels::DeviceInfo gpu = kernels::FindDevice();
  if (!gpu.usable) {
    if (flags.device == "gpu" || gpu.failed) {
      return Problem(fmt::format("--device {}: {}", flags.device, gpu.why_not));
    }
    return kernels::MakeHostBackend(plan.route, plan.groups);
  }
  kernels::Status status;
  auto backend = kernels::MakeDeviceBackend(plan.route, plan.groups, plan.step_tokens, status);
  if (!status.ok()) return Problem(fmt::format("--device {}: {}", flags.device, status.what));
  plan.device = gpu.name;
  plan.driver = gpu.driver;
  return backend;
}

ExitCode Record(const RecordFlags& flags) {
  OutputPlan files;
  files.Reads("the logits", flags.logits);
  if (!flags.sequences.empty()) files.Reads("--sequences", flags.sequences);
  if (!flags.bias.empty()) files.Reads("--bias", flags.bias);
  files.Writes("TO", flags.to);
  if (const ExitCode code = Prepare(files); code != ExitCode::kOk) return code;
  kernels::LogitsFileOptions options = flags.file;
  options.sequence_lengths = flags.sequences;
  options.bias = flags.bias;
  const Result<Logits> logits = kernels::LoadLogits(flags.logits, options);
  if (!logits.ok()) return Complain(logits.errors());
  const auto router = logits.value().metadata.find("router");
  if (router != logits.value().metadata.end() && router->second != flags.router) {
    std::cerr << fmt::format("warning: the logits are of router '{}', routed as '{}'\n",
                             router->second, flags.router);
  }
  Result<RecordPlan> plan = PlanOf(flags, logits.value());
  if (!plan.ok()) return Complain(plan.errors());
  const auto backend = BackendFor(flags, plan.value());
  if (!backend.ok()) return Complain(backend.errors());
  Progress progress("trace record", logits.value().tokens, TerminalOrNull());
  plan.value().progress = [&](std::uint64_t tokens) { progress.Advance(tokens); };
  AtomicFile file(flags.to);
  const auto report =
      kernels::RecordLogits(logits.value(), plan.value(), *backend.value(), file.stream());
  if (!report.ok()) return Complain(report.errors());
  const Result<void> written = file.Commit();
  return written.ok() ? ExitCode::kOk : Complain(written.errors());
}

std::vector<std::string> RouterNames() {
  std::vector<std::string> names;
  for (const kernels::RouterPreset& preset : kernels::RouterPresets()) {
    names.emplace_back(preset.name);
  }
  return names;
}

void AddFiles(CLI::App& record, RecordFlags& flags) {
  record.add_option("TO", flags.to, "The .trace to write")
      ->required()
      ->check(NotEmpty())
      ->check(NotStandardOutput());
  record
      .add_option("--logits", flags.logits,
                  ".npy [tokens, experts] or [tokens, layers, experts], or .safetensors with "
                  "logits.<layer>")
      ->required()
      ->check(NotEmpty());
  record
      .add_option("--sequences", flags.sequences, "Sequence lengths, .npy; default: one sequence")
      ->check(NotEmpty());
  record.add_option("--bias", flags.bias, "Correction bias, .npy [layers, experts]")
      ->check(NotEmpty());
  record
      .add_option("--first-layer", flags.file.first_layer,
                  "Index, among all layers of the model, of a .npy's first layer")
      ->check(CLI::Range(0, 65535));
}

void AddRouter(CLI::App& record, RecordFlags& flags) {
  constexpr std::uint32_t kMany = std::numeric_limits<std::int32_t>::max();
  record.add_option("--router", flags.router, "Whose routing; see `switchyard describe routers`")
      ->required()
      ->check(CLI::IsMember(RouterNames()));
  record
      .add_option("--top-k", flags.top_k, "Choices per token; default: the file's, or the router's")
      ->check(CLI::Range(1U, kernels::kMaxTopK));
  record.add_option("--groups", flags.groups, "Expert groups; 1: no group limit")
      ->check(CLI::Range(1U, kernels::kMaxExperts));
  record.add_option("--topk-groups", flags.topk_groups, "Groups that a token may choose from")
      ->check(CLI::Range(1U, kernels::kMaxExperts));
  CLI::Option* factor = record.add_option("--capacity-factor", flags.capacity_factor,
                                          "Drop what exceeds it: 1.25, 5/4");
  record.add_flag("--no-drops", flags.no_drops, "Keep every choice")->excludes(factor);
  record
      .add_option("--group-tokens", flags.group_tokens,
                  "Tokens that share an expert's slots; default: those of a step")
      ->check(CLI::Range(1U, kMany));
  record
      .add_option("--step-tokens", flags.step_tokens,
                  "Tokens of one forward pass; default: 4096, or whole groups of about as many")
      ->check(CLI::Range(1U, kMany));
}

}  // namespace

void AddTraceRecord(CLI::App& trace, Action& action) {
  auto flags = std::make_shared<RecordFlags>();
  CLI::App* record = trace.add_subcommand(
      "record", "Route recorded logits with a router's kernels, or their twin on the CPU");
  AddFiles(*record, *flags);
  AddRouter(*record, *flags);
  record->add_option("--weights", flags->weights, "Router weights in the trace")
      ->check(CLI::IsMember({"f32", "bf16", "none"}))
      ->capture_default_str();
  record->add_option("--device", flags->device, "Where to route; auto: a GPU when there is one")
      ->check(CLI::IsMember({"auto", "cpu", "gpu"}))
      ->capture_default_str();
  record->callback([flags, &action] { action = [flags] { return Record(*flags); }; });
}

}  // namespace switchyard
