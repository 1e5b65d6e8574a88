#include "sim/routing/trace/trace_scale.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "sim/routing/trace/scale/expert_split.h"
#include "sim/routing/trace/scale/layer_walk.h"
#include "sim/routing/trace/scale/more_choices.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

// Splitting keeps a table of parts by partners, drawing choices one of pairs of experts: 4,096^2
// numbers are 64 MiB, and no model has more experts.
constexpr std::uint32_t kMaxTableExperts = 4096;
constexpr std::uint64_t kMaxBytes = std::uint64_t{8} << 30;

struct Shape {
  std::uint32_t layers = 0;
  std::uint32_t experts = 0;
  std::uint32_t top_k = 0;
  std::uint64_t tokens = 0;
};

Shape ShapeOf(const RouterTrace& trace) {
  return {trace.layers(), trace.num_experts, trace.top_k, trace.tokens()};
}

std::string InWords(const Shape& shape) {
  return fmt::format("{} experts, top-{}, {} MoE layers, {} tokens", shape.experts, shape.top_k,
                     shape.layers, shape.tokens);
}

Diagnostics Check(const Shape& from, const Shape& to, const std::string& source) {
  Diagnostics errors;
  const auto require = [&](bool condition, std::string message) {
    if (!condition) errors.push_back(FileError(source, std::move(message)));
  };
  require(to.experts >= from.experts,
          fmt::format("has {} experts: they can be split into more, but not merged into {}",
                      from.experts, to.experts));
  require(to.experts <= kMaxTraceExperts,
          fmt::format("cannot have {} experts; allowed: up to {}", to.experts, kMaxTraceExperts));
  require((to.experts <= from.experts && to.top_k <= from.top_k) ||
              std::max(from.experts, to.experts) <= kMaxTableExperts,
          fmt::format("would go from {} to {} experts; splitting experts or adding choices takes "
                      "at most {}",
                      from.experts, to.experts, kMaxTableExperts));
  require(to.layers <= kMaxTraceLayers,
          fmt::format("cannot have {} layers; allowed: up to {}", to.layers, kMaxTraceLayers));
  require(from.layers > 1 || to.layers <= from.layers,
          "has a single MoE layer: no transition to a next one was measured");
  require(to.top_k <= from.top_k || std::uint64_t{2} * to.top_k <= from.experts,
          fmt::format("has {} experts: at most half as many choices can be drawn, not {}",
                      from.experts, to.top_k));
  require(to.tokens <= std::numeric_limits<std::uint32_t>::max() &&
              to.tokens * to.layers * sizeof(ExpertIndex) <= kMaxBytes / to.top_k,
          fmt::format("would need more than 8 GiB as {}", InWords(to)));
  return errors;
}

class Scaler {
 public:
  Scaler(const RouterTrace& trace, const Shape& to, std::uint64_t seed)
      : trace_(trace), to_(to), seed_(seed), sequence_(SequenceOfTokens(trace)) {}

  // The choices of a layer of the result, [token, top_k], as it repeats `source_layer`.
  [[nodiscard]] std::vector<ExpertIndex> Layer(std::uint32_t layer, std::uint32_t source_layer,
                                               bool is_copy) const {
    std::vector<ExpertIndex> choices = WithTopK(layer, source_layer);
    if (to_.experts > trace_.num_experts) Split(layer, source_layer, choices);
    if (is_copy) Rename(layer, choices);
    return choices;
  }

 private:
  static std::vector<std::uint32_t> SequenceOfTokens(const RouterTrace& trace) {
    std::vector<std::uint32_t> sequence;
    for (const TraceRun& run : trace.runs)
      sequence.insert(sequence.end(), run.tokens, run.sequence);
    return sequence;
  }

  [[nodiscard]] std::uint64_t SeedOf(std::string_view what, std::uint32_t layer) const {
    return Mix64(Mix64(seed_ ^ Stream(what)) ^ layer);
  }

  [[nodiscard]] std::vector<ExpertIndex> WithTopK(std::uint32_t layer,
                                                  std::uint32_t source_layer) const {
    const std::uint32_t k = trace_.top_k;
    const std::uint32_t measured = std::min(k, to_.top_k);
    std::vector<ExpertIndex> choices(to_.tokens * to_.top_k, kNoExpert);
    const std::span<ExpertIndex> all(choices);
    for (std::uint64_t t = 0; t < to_.tokens; ++t) {
      const auto from = trace_.Choices(source_layer, t % trace_.tokens()).first(measured);
      std::copy(from.begin(), from.end(), all.subspan(t * to_.top_k).begin());
    }
    if (to_.top_k <= k) return choices;
    MoreChoices more(trace_.experts[source_layer], k, trace_.num_experts);
    const std::uint64_t seed = SeedOf("trace scale: choices", layer);
    for (std::uint64_t t = 0; t < to_.tokens; ++t) {
      const auto token = all.subspan(t * to_.top_k, to_.top_k);
      const std::uint64_t round = t / trace_.tokens();
      const std::uint64_t sequence = sequence_[t % trace_.tokens()];
      more.Fill(Mix64(Mix64(seed ^ round << 32 ^ sequence) ^ token.front()), token);
    }
    return choices;
  }

  // What decides the part of choice j. A partner that is "no choice" is number num_experts.
  [[nodiscard]] SplitKey KeyOf(std::uint32_t source_layer, std::uint64_t token, std::uint32_t j,
                               ExpertIndex expert) const {
    const auto measured = trace_.Choices(source_layer, token);
    const auto number = [&](ExpertIndex e) {
      return e == kNoExpert ? trace_.num_experts : std::uint32_t{e};
    };
    SplitKey key{expert, trace_.num_experts, sequence_[token]};
    if (measured.size() > 1) {
      key.partner = number(measured[j == 1 ? 0 : 1]);
      if (measured.size() > 2) key.further = number(measured[j == 2 ? 0 : 2]);
    } else if (trace_.layers() > 1) {
      const std::uint32_t beside = source_layer > 0 ? source_layer - 1 : 1;
      key.partner = number(trace_.Choices(beside, token).front());
    }
    return key;
  }

  void Split(std::uint32_t layer, std::uint32_t source_layer,
             std::vector<ExpertIndex>& choices) const {
    ExpertSplit split(trace_.num_experts, to_.experts, trace_.num_experts + 1,
                      SeedOf("trace scale: parts", layer));
    const auto each = [&](auto f) {
      for (std::size_t i = 0; i < choices.size(); ++i) {
        if (choices[i] == kNoExpert) continue;
        const std::uint64_t token = i / to_.top_k % trace_.tokens();
        f(KeyOf(source_layer, token, static_cast<std::uint32_t>(i % to_.top_k), choices[i]), i);
      }
    };
    each([&](const SplitKey& key, std::size_t) { split.Count(key); });
    split.Spread();
    each([&](const SplitKey& key, std::size_t i) { choices[i] = split.PartOf(key); });
  }

  void Rename(std::uint32_t layer, std::vector<ExpertIndex>& choices) const {
    std::vector<ExpertIndex> names(to_.experts);
    std::iota(names.begin(), names.end(), ExpertIndex{0});
    Rng rng(seed_, Stream("trace scale: names"), layer);
    for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[rng.Below(i)]);
    for (ExpertIndex& e : choices) {
      if (e != kNoExpert) e = names[e];
    }
  }

  const RouterTrace& trace_;
  Shape to_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> sequence_;  // [token of the source]
};

void AddWeights(const RouterTrace& trace, const Shape& to, std::uint32_t source_layer,
                RouterTrace& scaled) {
  const LayerWeights& from = trace.weights[source_layer];
  LayerWeights& out = scaled.weights.emplace_back();
  for (std::uint64_t t = 0; t < to.tokens; ++t) {
    const std::size_t begin = t % trace.tokens() * trace.top_k;
    for (std::size_t i = begin; i < begin + to.top_k; ++i) {
      if (trace.weight_format == WeightFormat::kF32) {
        out.values.push_back(from.values[i]);
      } else {
        out.bits.push_back(from.bits[i]);
      }
    }
  }
}

// The number of a sequence in a round through the trace. The first round keeps its numbers when it
// is the only one.
class SequenceNumbers {
 public:
  explicit SequenceNumbers(const RouterTrace& trace) {
    for (const TraceRun& run : trace.runs) {
      dense_.try_emplace(run.sequence, static_cast<std::uint32_t>(dense_.size()));
    }
  }
  [[nodiscard]] std::uint32_t Of(std::uint32_t sequence, std::uint64_t round) const {
    return dense_.at(sequence) + static_cast<std::uint32_t>(round * dense_.size());
  }

 private:
  std::map<std::uint32_t, std::uint32_t> dense_;
};

// Runs, steps and token ids of so many tokens; a further round through the trace has new sequences
// and goes on counting steps.
void AddTokens(const RouterTrace& trace, std::uint64_t tokens, RouterTrace& scaled) {
  const SequenceNumbers numbers(trace);
  const bool once = tokens <= trace.tokens();
  const std::uint64_t steps = trace.steps.empty() ? 1 : trace.steps.back().step + 1;
  for (std::uint64_t round = 0; round * trace.tokens() < tokens; ++round) {
    const std::uint64_t left = std::min(tokens - round * trace.tokens(), trace.tokens());
    std::uint64_t taken = 0;
    for (TraceRun run : trace.runs) {
      run.tokens = static_cast<std::uint32_t>(std::min<std::uint64_t>(run.tokens, left - taken));
      if (!once) run.sequence = numbers.Of(run.sequence, round);
      taken += run.tokens;
      if (run.tokens > 0) scaled.runs.push_back(run);
    }
    taken = 0;
    for (TraceStep step : trace.steps) {
      step.tokens = static_cast<std::uint32_t>(std::min<std::uint64_t>(step.tokens, left - taken));
      step.step += round * steps;
      taken += step.tokens;
      if (step.tokens > 0) scaled.steps.push_back(step);
    }
    if (trace.token_ids.empty()) continue;
    scaled.token_ids.insert(scaled.token_ids.end(), trace.token_ids.begin(),
                            trace.token_ids.begin() + static_cast<std::ptrdiff_t>(left));
  }
}

// Words that keep anybody from taking it for a trace of the big model.
void Label(const RouterTrace& trace, const std::string& source, const Shape& to, std::uint64_t seed,
           RouterTrace& scaled) {
  const std::string name = trace.model_name.empty() ? source : trace.model_name;
  scaled.model_name = "scaled from " + name;
  scaled.tool = "switchyard trace scale";
  scaled.origin = TraceOrigin::kFitted;
  scaled.corpus = trace.corpus;
  scaled.seed = seed;
  scaled.notes["label"] = "synthetic, fitted: no trace of a model of this shape";
  scaled.notes["source"] = fmt::format("{} ({})", name, InWords(ShapeOf(trace)));
  if (!trace.gaps.empty()) {
    scaled.notes["gaps"] =
        fmt::format("{} gaps of the source: what they lack is \"no choice\" here, without a list",
                    trace.gaps.size());
  }
  scaled.notes["routing"] = "scaled to " + InWords(to);
}

}  // namespace

Result<RouterTrace> ScaleTrace(const RouterTrace& trace, const std::string& source,
                               const ScaleSpec& spec) {
  const Shape from = ShapeOf(trace);
  const Shape to{
      spec.layers > 0 ? spec.layers : from.layers, spec.experts > 0 ? spec.experts : from.experts,
      spec.top_k > 0 ? spec.top_k : from.top_k, spec.tokens > 0 ? spec.tokens : from.tokens};
  const Diagnostics errors = Check(from, to, source);
  if (!errors.empty()) return errors;
  RouterTrace scaled;
  Label(trace, source, to, spec.seed, scaled);
  scaled.num_experts = to.experts;
  scaled.top_k = to.top_k;
  scaled.domains = trace.domains;
  AddTokens(trace, to.tokens, scaled);
  const bool weights = trace.weight_format != WeightFormat::kNone && to.top_k <= from.top_k;
  if (weights) scaled.weight_format = trace.weight_format;
  const Scaler scaler(trace, to, spec.seed);
  std::vector<bool> used(from.layers, false);
  const std::vector<std::uint32_t> walk = LayerWalk(from.layers, to.layers);
  for (std::uint32_t l = 0; l < to.layers; ++l) {
    scaled.layer_ids.push_back(to.layers == from.layers ? trace.layer_ids[l] : l);
    scaled.experts.push_back(scaler.Layer(l, walk[l], used[walk[l]]));
    if (weights) AddWeights(trace, to, walk[l], scaled);
    used[walk[l]] = true;
  }
  return scaled;
}

}  // namespace switchyard
