// How fast a router trace is read: decompressed, checked (checksum, ids, no expert twice) and
// turned into arrays.
//
//   trace_bench --benchmark_filter=LoadTrace
//
// Traces drawn by the generator fitted to real ones, saved to memory: 64 experts, top-6, 26 layers,
// as DeepSeek-V2-Lite; 256 experts, top-8, 58 layers, as DeepSeek-V3. LoadTrace gives the whole
// trace, ReadRecords goes through the file record by record, as a filter would. weights:1 has bf16
// weights beside the choices. Counters: choices_per_second; bytes_per_second counts two bytes a
// choice, its width in memory, whatever its width in the file, and nothing for weights (goal: 200
// MB/s and more without them); file_bits, of the file for one choice.
#include <benchmark/benchmark.h>

#include <map>
#include <sstream>
#include <string>

#include "sim/base/check.h"
#include "sim/routing/fitted_presets.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_generate.h"
#include "sim/routing/trace/trace_reader.h"

namespace switchyard {
namespace {

struct Saved {
  std::string bytes;
  std::uint64_t choices = 0;
};

const Saved& SavedTrace(std::int64_t experts, bool weights) {
  static std::map<std::pair<std::int64_t, bool>, Saved> traces;
  Saved& saved = traces[{experts, weights}];
  if (!saved.bytes.empty()) return saved;
  const RoutingShape shape =
      experts == 64 ? RoutingShape{26, 16384, 64, 6, 1, 1} : RoutingShape{58, 4096, 256, 8, 1, 1};
  const auto trace = GenerateTrace(kFittedPresets[0].routing, shape, 1, 256, weights);
  SWITCHYARD_CHECK(trace.ok(), "a benchmark's trace is wrong");
  std::ostringstream out;
  SaveTrace(trace.value(), out);
  saved.bytes = out.str();
  saved.choices = std::uint64_t{shape.moe_layers} * shape.tokens * shape.top_k;
  return saved;
}

void SetCounters(benchmark::State& state, const Saved& saved) {
  const auto iterations = static_cast<std::uint64_t>(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(2 * saved.choices * iterations));
  state.SetItemsProcessed(static_cast<std::int64_t>(saved.choices * iterations));
  state.counters["file_bits"] =
      8.0 * static_cast<double>(saved.bytes.size()) / static_cast<double>(saved.choices);
}

void LoadTrace(benchmark::State& state) {
  const Saved& saved = SavedTrace(state.range(0), state.range(1) != 0);
  std::istringstream in(saved.bytes);
  for (auto _ : state) {
    in.clear();
    in.seekg(0);
    const auto trace = switchyard::LoadTrace(in, "bench.trace");
    SWITCHYARD_CHECK(trace.ok(), "a benchmark's trace cannot be read");
    benchmark::DoNotOptimize(trace.value().experts.data());
  }
  SetCounters(state, saved);
}

void ReadRecords(benchmark::State& state) {
  const Saved& saved = SavedTrace(state.range(0), state.range(1) != 0);
  std::istringstream in(saved.bytes);
  trace_pb::Record record;
  for (auto _ : state) {
    in.clear();
    in.seekg(0);
    TraceReader reader(in, "bench.trace");
    while (true) {
      const Result<bool> more = reader.Next(record);
      SWITCHYARD_CHECK(more.ok(), "a benchmark's trace cannot be read");
      if (!more.value()) break;
    }
  }
  SetCounters(state, saved);
}

void Shapes(benchmark::internal::Benchmark* row) {
  row->ArgNames({"experts", "weights"})
      ->Args({64, 0})
      ->Args({64, 1})
      ->Args({256, 0})
      ->Args({256, 1})
      ->Unit(benchmark::kMillisecond)
      ->Repetitions(3)
      ->DisplayAggregatesOnly();
}
BENCHMARK(LoadTrace)->Apply(Shapes);
BENCHMARK(ReadRecords)->Apply(Shapes);

}  // namespace
}  // namespace switchyard
