// A router trace in memory: which experts every token chose in every MoE layer.
//
//   Result<RouterTrace> trace = LoadTrace("law.topk_ids.npy");
//   trace.value().Choices(layer, token)[0];       // the token's first choice
//   SaveTrace(trace.value(), "law.trace");
//
// Layout: one array per layer, [tokens, top_k], best choice first; two bytes a choice. Tokens are
// in the order of the file: step by step, and inside a step run by run. A run is consecutive tokens
// of one sequence; a sequence may come back in later steps (decode). All layers have the same
// number of experts and the same top_k. What a recorder lost (gaps) is kNoExpert.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/routing/routes.h"
#include "sim/routing/trace/layer_recipe.h"

namespace switchyard {

enum class TracePhase : std::uint8_t { kMixed, kPrefill, kDecode, kTrain };
enum class TraceOrigin : std::uint8_t {
  kUnknown,
  kRecordedGpu,
  kRecordedCpu,
  kFitted,    // generated, parameters fitted to a real trace
  kSynthetic  // generated from an assumed law
};

struct TraceStep {
  std::uint64_t step = 0;
  TracePhase phase = TracePhase::kMixed;
  std::uint32_t tokens = 0;
};
struct TraceRun {
  std::uint32_t sequence = 0;
  std::uint32_t tokens = 0;
  std::uint32_t position = 0;  // of the first token in its sequence
  std::uint8_t domain = 0xff;  // index into RouterTrace::domains, or kNoDomain
};
inline constexpr std::uint8_t kNoDomain = 0xff;
inline constexpr std::uint32_t kNoTokenId = 0xffffffff;

// What these layers lack of a step's tokens was not recorded.
struct TraceGap {
  std::uint64_t step = 0;  // a TraceStep's number, or that of a step lost as a whole
  std::uint32_t first_layer = 0;
  std::uint32_t layers = 0;
  std::string reason;
};

// Router weights keep the bits of their source.
enum class WeightFormat : std::uint8_t { kNone, kF16, kBf16, kF32 };
struct LayerWeights {
  std::vector<std::uint16_t> bits;  // kF16, kBf16
  std::vector<float> values;        // kF32
};

struct RouterTrace {
  std::string model_name;
  std::string tool;
  TraceOrigin origin = TraceOrigin::kUnknown;
  std::string device;
  std::string driver;
  std::string corpus;
  std::uint64_t seed = 0;
  std::map<std::string, std::string> notes;  // e.g. the types of the .npy files it came from

  std::uint32_t num_experts = 0;
  bool experts_inferred = false;  // .npy: the largest id plus one, the model may have more
  std::uint32_t top_k = 0;
  std::vector<std::uint32_t> layer_ids;  // index of each MoE layer among all layers of the model
  std::vector<LayerRecipe> recipes;      // [layer], how choices were computed; empty: not known

  std::vector<TraceStep> steps;
  std::vector<TraceRun> runs;                     // of all steps, in order
  std::vector<std::string> domains;               // names, e.g. "code"; empty: not labelled
  std::vector<std::uint32_t> token_ids;           // [token] or empty; kNoTokenId: not known
  std::vector<std::vector<ExpertIndex>> experts;  // [layer][token * top_k + choice]
  WeightFormat weight_format = WeightFormat::kNone;
  std::vector<LayerWeights> weights;  // [layer], empty without weights
  // [layer], what the recorded model's capacity kept; empty when the trace does not say. Replay
  // repeats all choices: the scenario's own capacity rule decides.
  std::vector<KeptMask> kept;
  std::vector<TraceGap> gaps;

  // What was left out while reading: cut-off tail, gaps, records of a newer format.
  std::vector<std::string> warnings;

  [[nodiscard]] std::uint32_t layers() const {
    return static_cast<std::uint32_t>(layer_ids.size());
  }
  [[nodiscard]] std::uint64_t tokens() const {
    return experts.empty() ? 0 : experts.front().size() / top_k;
  }
  [[nodiscard]] std::span<const ExpertIndex> Choices(std::uint32_t layer,
                                                     std::uint64_t token) const {
    return {experts[layer].data() + token * top_k, top_k};
  }
  // Weight of choice `i` = token * top_k + j; only when weight_format is not kNone.
  [[nodiscard]] float Weight(std::uint32_t layer, std::size_t i) const;
};

struct LoadTraceOptions {
  // .npy files do not say; 0: the largest id plus one. An error where a .trace says another number.
  std::uint32_t num_experts = 0;
  std::size_t max_bytes = std::size_t{8} << 30;  // of memory for the trace
  bool verify_checksums = true;
};

// Reads a .trace container, or expert ids [tokens, layers, top_k] from TASK.topk_ids.npy (any
// .npy name) with TASK.topk_weights.npy and TASK.seq_len.npy where they lie beside it. The content
// decides which, not the name. A container cut off in its tail is read up to its last complete
// tokens, with a warning; layers named in a gap get kNoExpert for what they lack. Errors: ids out
// of range, an expert twice in a token, layers of different shapes, siblings whose shapes do not
// match.
[[nodiscard]] Result<RouterTrace> LoadTrace(const std::filesystem::path& path,
                                            const LoadTraceOptions& options = {});
// The container alone, from a stream; `file` names it in messages.
[[nodiscard]] Result<RouterTrace> LoadTrace(std::istream& in, const std::string& file,
                                            const LoadTraceOptions& options = {});

// Writes a .trace container. The same trace gives the same bytes. Error: names and notes that no
// reader would accept (more than kMaxSmallRecordBytes); the stream form leaves that to the caller.
Result<void> SaveTrace(const RouterTrace& trace, const std::filesystem::path& path);
void SaveTrace(const RouterTrace& trace, std::ostream& out);

// Writes TASK.topk_ids.npy (named by `ids_path`) and, where the trace has them, its siblings as
// LoadTrace finds them. A trace read from .npy comes back byte for byte; other traces get the
// smallest integer type, and f4 for bf16 weights. Fails when sequences are spread over steps,
// which the .npy form cannot say, and when a sibling that the trace does not have lies there.
Result<void> ExportNpy(const RouterTrace& trace, const std::filesystem::path& ids_path);

}  // namespace switchyard
