// Collects the choices of an importer, in whatever order its file has them, into a RouterTrace.
//
//   StepTable table(options, log);
//   const std::size_t step = table.Step(key, TracePhase::kPrefill);
//   table.Append(step, layer, {ids, top_k}, place);        // ids: [tokens, top_k], row-major
//   table.AddRun(step, {sequence, tokens, 0});
//   return std::move(table).Finish("vllm_npz");
//
// Ids: -1 is "no choice"; others are held against the number of experts, and a token must not have
// one twice. A row of several choices that are all 0 cannot be a router's: it is a token whose
// choices were not recorded (buffers begin as zeros: vllm#50874, sglang#12162), so it becomes "no
// choice". Of one choice per layer, expert 0 may be a choice: only arrays of several layers are
// looked at, and a token with 0 in all of them has no choice. Tokens that a layer lacks, and layers
// that a step lacks, get no choices; layers without any choice at all (dense ones) are left out.
// All of this is said in the trace's warnings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/routing/trace/import/import_log.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

struct ChoiceRows {
  std::span<const std::int64_t> ids;  // [tokens, width]
  std::size_t width = 0;
  std::span<const double> weights = {};  // the same shape, or empty
};

class StepTable {
 public:
  StepTable(const ImportOptions& options, ImportLog& log) : options_(options), log_(log) {}

  // The step of this key, made where there is none; steps keep the order in which they are made.
  std::size_t Step(std::uint64_t key, TracePhase phase);
  [[nodiscard]] std::size_t steps() const { return steps_.size(); }

  void SetPhase(std::size_t step, TracePhase phase) { steps_[step].phase = phase; }

  // Adds tokens to a layer of a step, behind those it has. `layer` is the index in the model.
  void Append(std::size_t step, std::uint32_t layer, const ChoiceRows& rows,
              const ImportPlace& place);
  // Choices [tokens, layers, width]; layer 0 of the array is options.first_layer of the model.
  struct Cube {
    std::span<const std::int64_t> ids;
    std::size_t tokens = 0;
    std::size_t layers = 0;
    std::size_t width = 0;
  };
  void AppendCube(std::size_t step, const Cube& cube, const ImportPlace& place);
  // What is wrong with the cube's sizes, or "": no layer, no choice, or more than a trace has.
  [[nodiscard]] static std::string WrongShape(const Cube& cube);

  // The step's tokens so far, of its longest layer.
  [[nodiscard]] std::size_t Tokens(std::size_t step) const;
  // Says whose the next tokens of the step are. Without any run the step is one new sequence.
  void AddRun(std::size_t step, const TraceRun& run) { steps_[step].runs.push_back(run); }
  // Where a layer has fewer tokens than its step: its tokens are the step's last ones.
  void ShortLayersLackTheFirstTokens() { lack_first_ = true; }
  // Experts of the model as the file says them. Errors when two such numbers differ.
  void SetExperts(std::uint32_t experts, const ImportPlace& place);

  // The trace, or the errors of the log. `format` goes into its notes.
  [[nodiscard]] Result<RouterTrace> Finish(std::string_view format) &&;

 private:
  struct Layer {
    std::size_t width = 0;
    std::vector<ExpertIndex> ids;  // [tokens, width]
    std::vector<float> weights;    // the same, or empty
    [[nodiscard]] std::size_t tokens() const { return width == 0 ? 0 : ids.size() / width; }
  };
  struct ImportedStep {
    std::uint64_t key = 0;
    TracePhase phase = TracePhase::kMixed;
    std::vector<TraceRun> runs;
    std::map<std::uint32_t, Layer> layers;
  };
  struct Lacking {
    std::uint64_t steps = 0;
    std::uint64_t tokens = 0;
  };

  // By token: whether an array of one choice a layer lacks it.
  [[nodiscard]] static std::vector<bool> Missing(const Cube& cube);
  void Widen(Layer& layer, std::size_t width) const;
  void AppendRow(Layer& layer, const ChoiceRows& rows, std::size_t row, const ImportPlace& place);
  [[nodiscard]] bool CheckRow(std::span<const std::int64_t> ids, const ImportPlace& place);
  void FindShape(RouterTrace& trace);
  void CheckSize(const RouterTrace& trace, std::uint64_t tokens);
  void AddSteps(RouterTrace& trace);
  void AddRuns(const ImportedStep& step, std::size_t tokens, RouterTrace& trace);
  void Place(const ImportedStep& step, std::size_t tokens, RouterTrace& trace);
  void Describe(std::string_view format, RouterTrace& trace) const;

  ImportOptions options_;
  ImportLog& log_;
  std::vector<ImportedStep> steps_;
  std::map<std::uint64_t, std::size_t> index_;  // of steps_, by key
  std::map<std::uint32_t, Lacking> lacking_;    // by layer
  bool lack_first_ = false;
  bool has_weights_ = true;
  std::uint32_t experts_ = 0;  // as the file says; 0: it does not
  std::int64_t largest_ = -1;
  std::uint64_t not_recorded_ = 0;  // rows of zeros
  std::uint64_t missing_ = 0;       // tokens of Missing
  std::uint32_t next_sequence_ = 0;
  std::vector<std::int64_t> sorted_;  // of CheckRow
};

}  // namespace switchyard
