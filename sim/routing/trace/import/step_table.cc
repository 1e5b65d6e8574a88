#include "sim/routing/trace/import/step_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "sim/base/check.h"
#include "sim/routing/trace/import/shown_layers.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {

std::size_t StepTable::Step(std::uint64_t key, TracePhase phase) {
  const auto [found, is_new] = index_.try_emplace(key, steps_.size());
  if (is_new) steps_.push_back({key, phase, {}, {}});
  return found->second;
}

std::size_t StepTable::Tokens(std::size_t step) const {
  std::size_t tokens = 0;
  for (const auto& [id, layer] : steps_[step].layers) tokens = std::max(tokens, layer.tokens());
  return tokens;
}

void StepTable::SetExperts(std::uint32_t experts, const ImportPlace& place) {
  if (experts_ != 0 && experts_ != experts) {
    log_.Error(place, fmt::format("{} experts, where there were {} before", experts, experts_));
  }
  experts_ = experts;
}

void StepTable::Append(std::size_t step, std::uint32_t layer, const ChoiceRows& rows,
                       const ImportPlace& place) {
  if (rows.width == 0 || rows.width > kMaxTraceExperts) {
    log_.Error(place,
               fmt::format("{} choices per token; allowed: 1 to {}", rows.width, kMaxTraceExperts));
    return;
  }
  Layer& to = steps_[step].layers[layer];
  if (rows.width > to.width) Widen(to, rows.width);
  has_weights_ = has_weights_ && !rows.weights.empty();
  const std::size_t tokens = rows.ids.size() / rows.width;
  to.ids.reserve(to.ids.size() + tokens * to.width);
  for (std::size_t row = 0; row < tokens; ++row) AppendRow(to, rows, row, place);
}

std::string StepTable::WrongShape(const Cube& cube) {
  constexpr std::uint64_t kMostTokens = std::numeric_limits<std::uint32_t>::max();
  const bool fits = cube.tokens <= kMostTokens && cube.layers >= 1 &&
                    cube.layers <= kMaxTraceLayers && cube.width >= 1 &&
                    cube.width <= kMaxTraceExperts;
  if (fits) return "";
  return fmt::format(
      "has the shape [{}, {}, {}]; allowed: up to 2^32 - 1 tokens, 1 to {} layers, 1 to {} choices",
      cube.tokens, cube.layers, cube.width, kMaxTraceLayers, kMaxTraceExperts);
}

// One choice alone may well be expert 0; expert 0 in every layer is a buffer never written.
std::vector<bool> StepTable::Missing(const Cube& cube) {
  std::vector<bool> missing(cube.tokens, false);
  if (cube.width != 1 || cube.layers < 2) return missing;
  for (std::size_t t = 0; t < cube.tokens; ++t) {
    const auto ids = cube.ids.subspan(t * cube.layers, cube.layers);
    missing[t] = std::all_of(ids.begin(), ids.end(), [](std::int64_t id) { return id == 0; });
  }
  return missing;
}

void StepTable::AppendCube(std::size_t step, const Cube& cube, const ImportPlace& place) {
  const std::string wrong = WrongShape(cube);
  if (!wrong.empty()) return log_.Error(place, wrong);
  SWITCHYARD_CHECK(cube.ids.size() == cube.tokens * cube.layers * cube.width,
                   "a cube holds what its shape says");
  const std::uint32_t first = options_.first_layer.value_or(0);
  std::vector<std::int64_t> rows(cube.tokens * cube.width);
  const std::vector<bool> missing = Missing(cube);
  missing_ += static_cast<std::uint64_t>(std::count(missing.begin(), missing.end(), true));
  for (std::size_t l = 0; l < cube.layers; ++l) {
    for (std::size_t t = 0; t < cube.tokens; ++t) {
      const auto from = cube.ids.subspan((t * cube.layers + l) * cube.width, cube.width);
      const auto to = rows.begin() + static_cast<std::ptrdiff_t>(t * cube.width);
      if (missing[t]) {
        *to = -1;
      } else {
        std::copy(from.begin(), from.end(), to);
      }
    }
    ImportPlace at = place;
    at.path += fmt::format("[:, {}]", l);
    Append(step, first + static_cast<std::uint32_t>(l), {rows, cube.width}, at);
  }
}

// Rows of the layer become `width` wide: what they lack is no choice.
void StepTable::Widen(Layer& layer, std::size_t width) const {
  const std::size_t tokens = layer.tokens();
  Layer wide;
  wide.width = width;
  wide.ids.assign(tokens * width, kNoExpert);
  if (has_weights_) wide.weights.assign(tokens * width, 0.0F);
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t j = 0; j < layer.width; ++j) {
      wide.ids[t * width + j] = layer.ids[t * layer.width + j];
      if (has_weights_) wide.weights[t * width + j] = layer.weights[t * layer.width + j];
    }
  }
  layer = std::move(wide);
}

// False when the row is not one that a router can have written, with an error.
bool StepTable::CheckRow(std::span<const std::int64_t> ids, const ImportPlace& place) {
  const std::uint32_t limit =
      options_.experts.value_or(experts_ != 0 ? experts_ : kMaxTraceExperts);
  sorted_.clear();
  for (const std::int64_t id : ids) {
    if (id == -1) continue;
    if (id < 0 || id >= std::min(limit, kMaxTraceExperts)) {
      log_.Error(place, fmt::format("expert {}; allowed: 0 to {}, or -1 for none", id,
                                    std::min(limit, kMaxTraceExperts) - 1));
      return false;
    }
    sorted_.push_back(id);
  }
  std::sort(sorted_.begin(), sorted_.end());
  const auto twice = std::adjacent_find(sorted_.begin(), sorted_.end());
  if (twice != sorted_.end()) {
    log_.Error(place, fmt::format("a token chooses expert {} twice", *twice));
    return false;
  }
  if (!sorted_.empty()) largest_ = std::max(largest_, sorted_.back());
  return true;
}

void StepTable::AppendRow(Layer& layer, const ChoiceRows& rows, std::size_t row,
                          const ImportPlace& place) {
  const auto ids = rows.ids.subspan(row * rows.width, rows.width);
  const bool zeros = rows.width > 1 &&
                     std::all_of(ids.begin(), ids.end(), [](std::int64_t id) { return id == 0; });
  if (zeros) ++not_recorded_;
  ImportPlace at = place;
  if (!at.path.empty()) at.path += fmt::format(", token {}", layer.tokens());
  const bool choices = !zeros && CheckRow(ids, at);
  for (std::size_t j = 0; j < layer.width; ++j) {
    const bool chosen = choices && j < rows.width && ids[j] >= 0;
    layer.ids.push_back(chosen ? static_cast<ExpertIndex>(ids[j]) : kNoExpert);
    if (!has_weights_) continue;
    layer.weights.push_back(chosen ? static_cast<float>(rows.weights[row * rows.width + j]) : 0.0F);
  }
}

// The layers that choose anything, the widest row of them, and the experts.
void StepTable::FindShape(RouterTrace& trace) {
  std::map<std::uint32_t, std::size_t> used;  // width that a layer uses
  std::set<std::uint32_t> all;
  for (const ImportedStep& step : steps_) {
    for (const auto& [id, layer] : step.layers) {
      all.insert(id);
      for (std::size_t i = 0; i < layer.ids.size(); ++i) {
        if (layer.ids[i] == kNoExpert) continue;
        std::size_t& width = used[id];
        width = std::max(width, i % layer.width + 1);
      }
    }
  }
  std::vector<std::uint32_t> empty;
  for (const std::uint32_t id : all) {
    if (!used.contains(id)) empty.push_back(id);
  }
  if (!empty.empty() && !used.empty()) {
    log_.Warn(fmt::format("layers without any choice are left out (dense layers): {}",
                          ShownLayers(empty)));
  }
  for (const auto& [id, width] : used) {
    trace.layer_ids.push_back(id);
    trace.top_k = std::max(trace.top_k, static_cast<std::uint32_t>(width));
  }
  const auto seen = static_cast<std::uint32_t>(largest_ + 1);
  trace.experts_inferred = !options_.experts && experts_ == 0;
  trace.num_experts = options_.experts.value_or(experts_ != 0 ? experts_ : seen);
  trace.num_experts = std::max(trace.num_experts, trace.top_k);
  if (trace.experts_inferred) {
    trace.notes[kNoteExperts] = kInferred;
    log_.Warn(
        fmt::format("the number of experts is taken to be {}, the largest id plus one: "
                    "--experts says it",
                    trace.num_experts));
  }
}

void StepTable::CheckSize(const RouterTrace& trace, std::uint64_t tokens) {
  if (trace.layers() == 0 || tokens == 0) {
    log_.Error({}, "holds no choice of an expert");
    return;
  }
  if (trace.layers() > kMaxTraceLayers) {
    log_.Error({}, fmt::format("{} layers; at most {} are read", trace.layers(), kMaxTraceLayers));
  }
  if (tokens > std::numeric_limits<std::uint32_t>::max()) {
    log_.Error({}, fmt::format("{} tokens; allowed: up to 2^32 - 1", tokens));
    return;
  }
  // At most 2^32 tokens, 2^16 choices: below 2^64 with the layers left to the division.
  const std::uint64_t row =
      trace.top_k * (has_weights_ ? sizeof(ExpertIndex) + sizeof(float) : sizeof(ExpertIndex));
  if (tokens * row > options_.max_bytes / trace.layers()) {
    log_.Error({}, fmt::format("{} tokens, {} layers and {} choices need more memory than allowed "
                               "for a trace",
                               tokens, trace.layers(), trace.top_k));
  }
}

void StepTable::AddRuns(const ImportedStep& step, std::size_t tokens, RouterTrace& trace) {
  std::uint64_t sum = 0;
  for (const TraceRun& run : step.runs) sum += run.tokens;
  if (sum == tokens) {
    for (const TraceRun& run : step.runs) {
      if (run.tokens > 0) trace.runs.push_back(run);
      next_sequence_ = std::max(next_sequence_, run.sequence + 1);
    }
    return;
  }
  if (!step.runs.empty()) {
    log_.Warn(
        fmt::format("step {}: its sequences have {} tokens and its layers {}; it is taken "
                    "to be one sequence",
                    step.key, sum, tokens));
  }
  trace.runs.push_back({next_sequence_++, static_cast<std::uint32_t>(tokens), 0});
}

// Puts a step's choices behind those of the steps before it.
void StepTable::Place(const ImportedStep& step, std::size_t tokens, RouterTrace& trace) {
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    std::vector<ExpertIndex>& to = trace.experts[l];
    const std::size_t first = to.size();
    to.resize(first + tokens * trace.top_k, kNoExpert);
    if (has_weights_) trace.weights[l].values.resize(to.size(), 0.0F);
    const auto found = step.layers.find(trace.layer_ids[l]);
    const std::size_t have = found == step.layers.end() ? 0 : found->second.tokens();
    if (have < tokens) {
      Lacking& lacking = lacking_[trace.layer_ids[l]];
      ++lacking.steps;
      lacking.tokens += tokens - have;
    }
    if (have == 0) continue;
    const Layer& from = found->second;
    const std::size_t shift = lack_first_ ? tokens - have : 0;
    const std::size_t width = std::min<std::size_t>(from.width, trace.top_k);
    for (std::size_t i = 0; i < have * width; ++i) {
      const std::size_t source = i / width * from.width + i % width;
      const std::size_t target = first + (shift + i / width) * trace.top_k + i % width;
      to[target] = from.ids[source];
      if (has_weights_) trace.weights[l].values[target] = from.weights[source];
    }
  }
}

void StepTable::AddSteps(RouterTrace& trace) {
  trace.experts.resize(trace.layers());
  if (has_weights_) {
    trace.weight_format = WeightFormat::kF32;
    trace.weights.resize(trace.layers());
  }
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const std::size_t tokens = Tokens(s);
    if (tokens == 0) continue;
    ImportedStep& step = steps_[s];
    trace.steps.push_back({step.key, step.phase, static_cast<std::uint32_t>(tokens)});
    AddRuns(step, tokens, trace);
    Place(step, tokens, trace);
    step.layers.clear();  // its memory is needed for the next ones
  }
  for (const auto& [layer, lacking] : lacking_) {
    log_.Warn(fmt::format("layer {} lacks {} tokens, the {} of {} steps: they have no choice there",
                          layer, lacking.tokens, lack_first_ ? "first" : "last", lacking.steps));
  }
}

void StepTable::Describe(std::string_view format, RouterTrace& trace) const {
  trace.tool = "switchyard trace convert";
  trace.notes["import.format"] = std::string(format);
  trace.warnings = log_.warnings();
  std::string assumed;
  for (const std::string& warning : trace.warnings) {
    assumed += (assumed.empty() ? "" : "; ") + warning;
  }
  if (!assumed.empty()) trace.notes["import.assumed"] = assumed;
}

Result<RouterTrace> StepTable::Finish(std::string_view format) && {
  if (not_recorded_ > 0) {
    log_.Warn(
        fmt::format("{} rows hold expert 0 in every place: they were not recorded and have "
                    "no choice",
                    not_recorded_));
  }
  if (missing_ > 0) {
    log_.Warn(
        fmt::format("{} tokens of one choice a layer hold expert 0 in every layer: they are taken "
                    "as not recorded and have no choice",
                    missing_));
  }
  std::uint64_t tokens = 0;
  for (std::size_t s = 0; s < steps_.size(); ++s) tokens += Tokens(s);
  RouterTrace trace;
  if (log_.ok()) FindShape(trace);
  if (log_.ok()) CheckSize(trace, tokens);
  if (!log_.ok()) return log_.errors();
  AddSteps(trace);
  Describe(format, trace);
  return trace;
}

}  // namespace switchyard
