#include "kernels/recorder/record_logits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace switchyard::kernels {
namespace {

// Biases live in the header, whose size is bounded (trace_limits.h).
constexpr std::size_t kMaxBiasValues = std::size_t{1} << 16U;
constexpr std::size_t kMaxMetadataBytes = std::size_t{1} << 17U;

std::string Take(std::map<std::string, std::string>& metadata, const std::string& key) {
  const auto node = metadata.extract(key);
  return node.empty() ? std::string() : node.mapped();
}

std::string MetadataOr(const Logits& logits, const std::string& key) {
  const auto found = logits.metadata.find(key);
  return found == logits.metadata.end() ? std::string() : found->second;
}

std::vector<std::string> SplitNames(const std::string& names) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    result.push_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  return result;
}

// Cuts the tokens, sequence after sequence, into steps.
class Steps {
 public:
  explicit Steps(const Logits& logits) : logits_(logits) {}

  [[nodiscard]] StepInfo Next(std::uint32_t tokens) {
    StepInfo info;
    info.step = step_++;
    info.phase = TracePhase::kPrefill;
    if (!logits_.token_ids.empty()) {
      const auto* const ids = logits_.token_ids.data() + token_;
      info.token_ids.assign(ids, ids + tokens);
    }
    token_ += tokens;
    while (tokens > 0) {
      const std::uint32_t length = logits_.sequence_lengths[sequence_];
      const std::uint32_t count = std::min(tokens, length - position_);
      const auto domain = logits_.domains.empty() ? kNoDomain : logits_.domains[sequence_];
      info.runs.push_back({static_cast<std::uint32_t>(sequence_), count, position_, domain});
      tokens -= count;
      position_ += count;
      if (position_ < length) break;
      position_ = 0;
      ++sequence_;
    }
    return info;
  }

 private:
  const Logits& logits_;
  std::uint64_t step_ = 0;
  std::uint64_t token_ = 0;
  std::size_t sequence_ = 0;
  std::uint32_t position_ = 0;
};

Result<void> CheckPlan(const Logits& logits, const RecordPlan& plan) {
  for (const Status& status : {Validate(plan.route), Validate(plan.groups.spec)}) {
    if (!status.ok()) return Problem(fmt::format("router {}: {}", plan.router, status.what));
  }
  if (plan.route.experts != logits.experts) {
    return Problem(fmt::format("router {}: {} experts, but the logits have {}", plan.router,
                               plan.route.experts, logits.experts));
  }
  const std::size_t names = SplitNames(MetadataOr(logits, "domain_names")).size();
  for (const std::uint8_t domain : logits.domains) {
    if (domain >= names) {
      return Problem(fmt::format("domain {}, but domain_names has {} names", domain, names));
    }
  }
  std::size_t metadata = 0;
  for (const auto& [key, value] : logits.metadata) metadata += key.size() + value.size();
  if (metadata > kMaxMetadataBytes) {
    return Problem(fmt::format("{} bytes of metadata; at most {}", metadata, kMaxMetadataBytes));
  }
  return {};
}

RingShape ShapeOf(const Logits& logits, const RecordPlan& plan) {
  RingShape shape;
  shape.layers = static_cast<std::uint32_t>(logits.layers.size());
  shape.max_tokens =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(plan.step_tokens, logits.tokens));
  shape.top_k = plan.route.top_k;
  shape.weights = true;  // the capacity rules may need them, also when the file does not
  shape.drops = plan.groups.spec.drop != DropBy::kNone;
  return shape;
}

}  // namespace

RouterTrace AboutTrace(const Logits& logits, const RecordPlan& plan) {
  std::map<std::string, std::string> metadata = logits.metadata;
  RouterTrace about;
  about.model_name = Take(metadata, "model_name");
  about.corpus = Take(metadata, "corpus");
  about.tool = "switchyard trace record";
  about.origin = plan.device.empty() ? TraceOrigin::kRecordedCpu : TraceOrigin::kRecordedGpu;
  about.device = plan.device;
  about.driver = plan.driver;
  about.num_experts = logits.experts;
  about.top_k = plan.route.top_k;
  about.domains = SplitNames(Take(metadata, "domain_names"));
  const std::string seed = Take(metadata, "seed");
  std::from_chars(seed.data(), seed.data() + seed.size(), about.seed);
  about.notes = std::move(metadata);
  about.notes["router"] = plan.router;
  const bool keep_bias = logits.layers.size() * logits.experts <= kMaxBiasValues;
  if (!keep_bias) about.notes["bias"] = "left out: too large for a header";
  for (const LogitsLayer& layer : logits.layers) {
    about.layer_ids.push_back(layer.layer_id);
    about.recipes.push_back(
        {plan.route, plan.groups.spec, keep_bias ? layer.bias : std::vector<float>()});
  }
  return about;
}

Result<RecorderReport> RecordLogits(const Logits& logits, const RecordPlan& plan,
                                    RouteBackend& backend, std::ostream& out) {
  if (const Result<void> fits = CheckPlan(logits, plan); !fits.ok()) return fits.errors();
  const RingShape shape = ShapeOf(logits, plan);
  std::unique_ptr<RingMemory> ring = backend.MakeRing(shape);
  if (ring == nullptr) return Problem("no memory for the recorder's ring");
  RecorderOptions options{shape, BackPressure::kBlock, plan.weight_format};
  options.write_weights = plan.weights;
  TraceRecorder recorder(AboutTrace(logits, plan), options, std::move(ring), out);
  std::vector<float> rows(std::size_t{shape.max_tokens} * logits.experts);
  const std::vector<float> no_bias(logits.experts);
  Steps steps(logits);
  for (std::uint64_t first = 0; first < logits.tokens; first += shape.max_tokens) {
    const auto tokens = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(shape.max_tokens, logits.tokens - first));
    const std::optional<StepSlot> slot = recorder.Begin(steps.Next(tokens));
    if (!slot) break;  // Finish() says why
    for (std::uint32_t l = 0; l < shape.layers; ++l) {
      logits.Read(l, first, tokens, rows.data());
      const std::vector<float>& own = logits.layers[l].bias;
      const std::vector<float>& bias = own.empty() ? no_bias : own;
      const bool biased = plan.route.select == SelectOn::kScorePlusBias;
      const Status routed = backend.Route({rows.data(), tokens, logits.experts},
                                          {bias.data(), biased ? bias.size() : 0}, *slot, l);
      if (!routed.ok()) return Problem(fmt::format("layer {}: {}", l, routed.what));
    }
    recorder.End(*slot, backend.stream());
    if (plan.progress) plan.progress(tokens);
  }
  return recorder.Finish();
}

}  // namespace switchyard::kernels
