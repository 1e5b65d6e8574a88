#include "sim/routing/trace/import/expert_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "sim/base/int128.h"
#include "sim/routing/trace/import/shown_layers.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::uint64_t kMaxSum = std::uint64_t{1} << 46;  // times 2^16 choices: below 2^63
constexpr std::uint64_t kDefaultMostTokens = 65536;

std::uint64_t Sum(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

class Drawer {
 public:
  Drawer(const std::vector<CountedStep>& steps, const ImportOptions& options, ImportLog& log)
      : steps_(steps), options_(options), log_(log), top_k_(options.top_k.value_or(0)) {}

  Result<RouterTrace> Draw(std::string_view format) {
    FindShape();
    if (top_k_ == 0) {
      log_.Error({}, "counts do not say how many experts a token chooses: give --top-k");
    } else if (log_.ok()) {
      for (const CountedStep& step : steps_) CheckStep(step);
    }
    if (!log_.ok()) return log_.errors();
    ShareTokens();
    if (!log_.ok()) return log_.errors();
    for (std::size_t s = 0; s < steps_.size(); ++s) DrawStep(s);
    Describe(format);
    return std::move(trace_);
  }

 private:
  void FindShape() {
    std::set<std::uint32_t> used;
    std::set<std::uint32_t> empty;
    std::size_t experts = 0;
    for (const CountedStep& step : steps_) {
      for (const LayerCounts& layer : step.layers) {
        experts = std::max(experts, layer.counts.size());
        (Sum(layer.counts) > 0 ? used : empty).insert(layer.layer);
      }
    }
    for (const std::uint32_t layer : used) empty.erase(layer);
    if (used.empty()) log_.Error({}, "holds no count above 0");
    if (used.size() > kMaxTraceLayers || experts > kMaxTraceExperts) {
      log_.Error({}, fmt::format("{} layers of {} experts; at most {} of {} are read", used.size(),
                                 experts, kMaxTraceLayers, kMaxTraceExperts));
    }
    if (options_.experts && experts > *options_.experts) {
      log_.Error({},
                 fmt::format("counts of {} experts, but there are {}", experts, *options_.experts));
    }
    if (!empty.empty() && !used.empty()) {
      log_.Warn(fmt::format("layers without any count are left out (dense layers): {}",
                            ShownLayers({empty.begin(), empty.end()})));
    }
    trace_.layer_ids.assign(used.begin(), used.end());
    trace_.num_experts = options_.experts.value_or(static_cast<std::uint32_t>(experts));
    trace_.top_k = top_k_;
  }

  void CheckStep(const CountedStep& step) {
    for (const LayerCounts& layer : step.layers) {
      const std::uint64_t sum = Sum(layer.counts);
      const std::string path = fmt::format("step {}, layer {}", step.step, layer.layer);
      if (sum > kMaxSum) {
        log_.Error({{}, path}, fmt::format("counts of {} in all; at most 2^46 are read", sum));
        return;
      }
      const auto most = std::max_element(layer.counts.begin(), layer.counts.end());
      if (sum == 0 || *most * top_k_ <= sum) continue;
      log_.Error({{}, path},
                 fmt::format("expert {} has {} of {} choices; a token chooses it once at most, so "
                             "that with top-k {} it can have {}",
                             most - layer.counts.begin(), *most, sum, top_k_, sum / top_k_));
    }
  }

  // Tokens that a step counted: those of its fullest layer.
  [[nodiscard]] std::uint64_t Counted(const CountedStep& step) {
    std::uint64_t most = 0;
    std::uint64_t least = ~std::uint64_t{0};
    for (const LayerCounts& layer : step.layers) {
      const std::uint64_t sum = Sum(layer.counts);
      if (sum == 0) continue;
      most = std::max(most, sum);
      least = std::min(least, sum);
    }
    if (least < most) {
      log_.Warn(
          "layers of one step have different totals: every layer gets the tokens of the "
          "fullest, in its own proportions");
    }
    return (most + top_k_ - 1) / top_k_;
  }

  void ShareTokens() {
    std::vector<std::uint64_t> counted;
    std::uint64_t total = 0;
    for (const CountedStep& step : steps_) {
      counted.push_back(Counted(step));
      total += counted.back();
    }
    std::uint64_t wanted = options_.tokens.value_or(0);
    if (!options_.tokens) {
      wanted = std::min(total, kDefaultMostTokens);
      log_.Warn(fmt::format("{} tokens were counted, {} are drawn: --tokens says how many", total,
                            wanted));
    }
    const std::uint64_t row = std::uint64_t{trace_.layers()} * top_k_ * sizeof(ExpertIndex);
    if (wanted == 0 || wanted > options_.max_bytes / row) {
      log_.Error({}, wanted == 0 ? "no token is to be drawn"
                                 : fmt::format("{} tokens need more memory than allowed for a "
                                               "trace",
                                               wanted));
      return;
    }
    // Shares are differences of a rounded running sum: they add up to what is wanted.
    Uint128 before = 0;
    for (const std::uint64_t tokens : counted) {
      const Uint128 after = before + tokens;
      shares_.push_back(
          static_cast<std::uint32_t>(after * wanted / total - before * wanted / total));
      before = after;
    }
  }

  void DrawStep(std::size_t index) {
    const CountedStep& step = steps_[index];
    const std::uint32_t tokens = shares_[index];
    if (tokens == 0) return;
    trace_.steps.push_back({step.step, TracePhase::kMixed, tokens});
    trace_.runs.push_back({static_cast<std::uint32_t>(trace_.runs.size()), tokens, 0});
    trace_.experts.resize(trace_.layers());
    for (std::uint32_t l = 0; l < trace_.layers(); ++l) {
      std::vector<ExpertIndex>& to = trace_.experts[l];
      const std::size_t first = to.size();
      to.resize(first + std::size_t{tokens} * top_k_, kNoExpert);
      const auto layer = std::find_if(
          step.layers.begin(), step.layers.end(),
          [&](const LayerCounts& counts) { return counts.layer == trace_.layer_ids[l]; });
      if (layer == step.layers.end() || Sum(layer->counts) == 0) continue;
      CountSampler sampler(layer->counts, top_k_);
      Rng rng(options_.seed.value_or(1), Stream("trace import counts"),
              index * kMaxTraceLayers + l);
      for (std::size_t at = first; at < to.size(); at += top_k_) {
        sampler.Draw(rng, std::span(to).subspan(at, top_k_));
      }
    }
  }

  void Describe(std::string_view format) {
    log_.Warn(
        "the file holds counts, not choices: the tokens are drawn at random, without "
        "locality and without affinity between layers");
    trace_.tool = "switchyard trace convert";
    trace_.origin = TraceOrigin::kFitted;
    trace_.seed = options_.seed.value_or(1);
    trace_.notes["import.format"] = std::string(format);
    trace_.notes["routing"] =
        "drawn from expert counts: systematic sampling without replacement (Madow 1949), "
        "P(expert) = top_k count / sum";
    trace_.warnings = log_.warnings();
    std::string assumed;
    for (const std::string& warning : trace_.warnings) {
      assumed += (assumed.empty() ? "" : "; ") + warning;
    }
    trace_.notes["import.assumed"] = assumed;
  }

  const std::vector<CountedStep>& steps_;
  ImportOptions options_;
  ImportLog& log_;
  std::uint32_t top_k_;
  RouterTrace trace_;
  std::vector<std::uint32_t> shares_;  // tokens, by step
};

}  // namespace

CountSampler::CountSampler(std::vector<std::uint64_t> counts, std::uint32_t k)
    : counts_(std::move(counts)), sum_(Sum(counts_)), k_(k) {
  for (std::size_t e = 0; e < counts_.size(); ++e) {
    if (counts_[e] > 0) order_.push_back(static_cast<ExpertIndex>(e));
  }
}

void CountSampler::Draw(Rng& rng, std::span<ExpertIndex> experts) {
  for (std::size_t i = order_.size(); i > 1; --i) {
    std::swap(order_[i - 1], order_[rng.Below(i)]);
  }
  std::uint64_t point = rng.Below(sum_);
  std::uint64_t end = 0;
  std::size_t chosen = 0;
  for (const ExpertIndex e : order_) {
    end += counts_[e] * k_;
    // No expert is longer than the distance of two points.
    if (point >= end || chosen == experts.size()) continue;
    experts[chosen++] = e;
    point += sum_;
  }
}

Result<RouterTrace> DrawFromCounts(const std::vector<CountedStep>& steps,
                                   const ImportOptions& options, ImportLog& log,
                                   std::string_view format) {
  return Drawer(steps, options, log).Draw(format);
}

}  // namespace switchyard
