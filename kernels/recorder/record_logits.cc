#include "kernels/recorder/record_logits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "sim/routing/trace/trace_limits.h"

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

bool UsesBias(const RecordPlan& plan) { return plan.route.select == SelectOn::kScorePlusBias; }

// What is wrong with the plan for these logits, or "".
std::string CheckPlan(const Logits& logits, const RecordPlan& plan) {
  for (const Status& status : {Validate(plan.route), Validate(plan.groups.spec)}) {
    if (!status.ok()) return status.what;
  }
  if (plan.route.experts != logits.experts) {
    return fmt::format("{} experts, but the logits have {}", plan.route.experts, logits.experts);
  }
  if (plan.step_tokens == 0) return "steps have at least one token";
  const std::uint32_t group = plan.groups.tokens;
  if (group != 0 && plan.step_tokens < logits.tokens && plan.step_tokens % group != 0) {
    return fmt::format(
        "groups of {} tokens do not divide steps of {}: a group that shares slots would be cut",
        group, plan.step_tokens);
  }
  return "";
}

// What is wrong with the file's metadata, or "".
std::string CheckMetadata(const Logits& logits) {
  const std::size_t names = SplitNames(MetadataOr(logits, "domain_names")).size();
  if (names > kMaxTraceDomains) {
    return fmt::format("domain_names has {} names; at most {}", names, kMaxTraceDomains);
  }
  for (const std::uint8_t domain : logits.domains) {
    if (domain >= names) {
      return fmt::format("domain {}, but domain_names has {} names", domain, names);
    }
  }
  const std::string seed = MetadataOr(logits, "seed");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), number);
  if (!seed.empty() && (error != std::errc() || end != seed.data() + seed.size())) {
    return fmt::format("seed '{}' is no number", seed);
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : logits.metadata) bytes += key.size() + value.size();
  if (bytes <= kMaxMetadataBytes) return "";
  return fmt::format("{} bytes of metadata; at most {}", bytes, kMaxMetadataBytes);
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
  // What the recipes say is theirs to say: options may have overridden the file.
  for (const char* key : {"router", "top_k", "capacity_factor", "group_tokens"})
    metadata.erase(key);
  about.notes = std::move(metadata);
  about.notes["router"] = plan.router;
  const bool biased = UsesBias(plan);
  const bool keep_bias = biased && logits.layers.size() * logits.experts <= kMaxBiasValues;
  const bool any_bias = std::any_of(logits.layers.begin(), logits.layers.end(),
                                    [](const LogitsLayer& layer) { return !layer.bias.empty(); });
  if (biased && !any_bias) about.notes["bias"] = "none in the file: zeros";
  if (biased && !keep_bias) about.notes["bias"] = "left out: too large for a header";
  for (const LogitsLayer& layer : logits.layers) {
    about.layer_ids.push_back(layer.layer_id);
    about.recipes.push_back({plan.route, plan.groups.spec, plan.groups.tokens,
                             keep_bias ? layer.bias : std::vector<float>()});
  }
  return about;
}

Result<RecorderReport> RecordLogits(const Logits& logits, const RecordPlan& plan,
                                    RouteBackend& backend, std::ostream& out) {
  if (const std::string wrong = CheckPlan(logits, plan); !wrong.empty()) {
    return Problem(fmt::format("router {}: {}", plan.router, wrong));
  }
  if (const std::string wrong = CheckMetadata(logits); !wrong.empty()) return Problem(wrong);
  const RingShape shape = ShapeOf(logits, plan);
  Status memory;
  std::unique_ptr<RingMemory> ring = backend.MakeRing(shape, memory);
  if (ring == nullptr) return Problem(fmt::format("the recorder's ring: {}", memory.what));
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
      const bool biased = UsesBias(plan);
      const Status routed =
          backend.Route({rows.data(), tokens, logits.experts},
                        {bias.data(), biased ? bias.size() : 0}, *slot, {l, first});
      if (!routed.ok()) return Problem(fmt::format("layer {}: {}", l, routed.what));
    }
    recorder.End(*slot, backend.stream());
    if (plan.progress) plan.progress(tokens);
  }
  return recorder.Finish();
}

}  // namespace switchyard::kernels
