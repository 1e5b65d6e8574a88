// How long the twin on the host takes from choices to buffers: slots by drop rule, what is sent
// where, and the rows of the experts.
//
//   slots_bench --benchmark_filter=experts:256
//
// Top-8 with skewed loads, factor 1, 4096 tokens. Counter: tokens_per_s.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/names.h"
#include "kernels/slots.h"
#include "sim/base/check.h"
#include "sim/base/rng.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint32_t kTokens = 4096;
constexpr std::uint32_t kTopK = 8;
constexpr std::uint32_t kChoices = kTokens * kTopK;

// Low experts are wanted most; the K choices of a token differ.
struct Batch {
  explicit Batch(std::uint32_t num_experts) : experts(num_experts) {
    Rng rng(1);
    for (std::uint32_t t = 0; t < kTokens; ++t) {
      const auto row = static_cast<std::ptrdiff_t>(expert.size());
      while (expert.size() < (std::size_t{t} + 1) * kTopK) {
        const auto e = static_cast<std::uint16_t>(std::min(rng.Below(experts), rng.Below(experts)));
        if (std::find(expert.begin() + row, expert.end(), e) == expert.end()) expert.push_back(e);
      }
    }
    for (std::uint32_t i = 0; i < kChoices; ++i) {
      weight.push_back(static_cast<float>(1 + rng.Below(1U << 20)) / (1U << 20));
    }
  }

  [[nodiscard]] HostMatrix<const std::uint16_t> Experts() const {
    return {expert.data(), kTokens, kTopK};
  }
  SlotOutput<Memory::kHost> Out() {
    return {{slot.data(), kTokens, kTopK}, {wanted.data(), experts}, {kept.data(), experts}};
  }
  void Assign(const CapacitySpec& spec) {
    workspace.resize(AssignSlotsWorkspace(spec, kTokens, experts, kTopK));
    const Status s = AssignSlots(spec, experts, {Experts(), {weight.data(), kTokens, kTopK}}, Out(),
                                 {workspace.data(), workspace.size()});
    SWITCHYARD_CHECK(s.ok(), "a benchmark's arguments are wrong");
  }

  std::uint32_t experts;
  std::vector<std::uint16_t> expert;
  std::vector<float> weight;
  std::vector<std::int32_t> slot = std::vector<std::int32_t>(kChoices);
  std::vector<std::uint32_t> wanted = std::vector<std::uint32_t>(experts);
  std::vector<std::uint32_t> kept = std::vector<std::uint32_t>(experts);
  std::vector<std::byte> workspace;
};

void CountTokens(benchmark::State& state) {
  state.counters["tokens_per_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * kTokens, benchmark::Counter::kIsRate);
}

void Slots(benchmark::State& state, DropBy drop) {
  Batch batch(static_cast<std::uint32_t>(state.range(0)));
  CapacitySpec spec;
  spec.drop = drop;
  spec.order = ChoiceOrder::kChoiceMajor;
  spec.slots = SlotOrder::kPriority;
  for (auto _ : state) batch.Assign(spec);
  CountTokens(state);
}

void Layout(benchmark::State& state) {
  Batch batch(static_cast<std::uint32_t>(state.range(0)));
  constexpr std::uint32_t kRanks = 64;
  constexpr std::uint32_t kNodes = 8;
  std::vector<std::uint16_t> expert_to_rank;
  for (std::uint32_t e = 0; e < batch.experts; ++e) {
    expert_to_rank.push_back(static_cast<std::uint16_t>(e * kRanks / batch.experts));
  }
  std::vector<std::uint16_t> rank_to_node;
  for (std::uint32_t r = 0; r < kRanks; ++r) {
    rank_to_node.push_back(static_cast<std::uint16_t>(r * kNodes / kRanks));
  }
  std::vector<std::uint32_t> counts(batch.experts + kRanks + kNodes);
  std::vector<std::uint32_t> bits(std::size_t{kTokens} * kRanks / 32);
  const LayoutOutput<Memory::kHost> out{{counts.data(), batch.experts},
                                        {counts.data() + batch.experts, kRanks},
                                        {counts.data() + batch.experts + kRanks, kNodes},
                                        {bits.data(), kTokens, kRanks / 32}};
  for (auto _ : state) {
    const Status s = DispatchLayout(
        batch.Experts(), {},
        {{expert_to_rank.data(), batch.experts}, {rank_to_node.data(), kRanks}, kNodes}, out);
    SWITCHYARD_CHECK(s.ok(), "a benchmark's arguments are wrong");
  }
  CountTokens(state);
}

void Rows(benchmark::State& state) {
  constexpr std::uint32_t kTile = 128;
  Batch batch(static_cast<std::uint32_t>(state.range(0)));
  batch.Assign({});
  std::vector<std::uint32_t> offset(std::size_t{batch.experts} + 1);
  std::vector<std::uint32_t> rows(MaxPermutationRows(kTokens, kTopK, batch.experts, kTile));
  std::vector<std::uint32_t> flat(kChoices);
  for (auto _ : state) {
    const Status s = Permutation(
        batch.Experts(), batch.Out(), kTile,
        {{offset.data(), offset.size()}, {rows.data(), rows.size()}, {flat.data(), flat.size()}});
    SWITCHYARD_CHECK(s.ok(), "a benchmark's arguments are wrong");
  }
  CountTokens(state);
}

[[maybe_unused]] const bool kRegistered = [] {
  for (const std::string_view name : NamesOf<DropBy>()) {
    benchmark::RegisterBenchmark(("AssignSlots/" + std::string(name)).c_str(), Slots,
                                 *FromName<DropBy>(name))
        ->ArgName("experts")
        ->Arg(256)
        ->Unit(benchmark::kMicrosecond);
  }
  return true;
}();

BENCHMARK(Layout)
    ->Name("DispatchLayout")
    ->ArgName("experts")
    ->Arg(256)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(Rows)->Name("Permutation")->ArgName("experts")->Arg(256)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace switchyard::kernels
