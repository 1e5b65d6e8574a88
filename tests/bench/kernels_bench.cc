// Routing on the host, one core: tokens per second by experts and choices. Logits are normal; the
// specifications are those of published models.
//
// Rows: Route/<experts>/<top_k>/<method>; items are tokens. Methods: 0 softmax and top-k (OLMoE,
// Mixtral, GPT-OSS order by the logit), 1 sigmoid with bias, renormalised, 4 of 8 groups
// (DeepSeek-V3).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "kernels/core/philox.h"
#include "kernels/routing.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint32_t kTokens = 4096;
constexpr std::int64_t kSoftmax = 0;
constexpr std::int64_t kGrouped = 1;

// Sums of four uniform draws, about normal.
std::vector<float> Logits(std::size_t count) {
  constexpr std::uint64_t kSeed = 1;
  std::vector<float> logits(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Words4 w = Philox({static_cast<std::uint32_t>(i), 0, 0, 0}, kSeed);
    logits[i] = UnitFloat(w.x) + UnitFloat(w.y) + UnitFloat(w.z) + UnitFloat(w.w) - 2.0F;
  }
  return logits;
}

RouteSpec SpecOf(const benchmark::State& state) {
  RouteSpec spec;
  spec.experts = static_cast<std::uint16_t>(state.range(0));
  spec.top_k = static_cast<std::uint16_t>(state.range(1));
  if (state.range(2) == kSoftmax) return spec;
  spec.score = ScoreFunction::kSigmoid;
  spec.select = SelectOn::kScorePlusBias;
  spec.renormalise = Renormalise::kSumPlusEps;
  spec.route_scale = 2.5F;
  spec.group_score = GroupScore::kSumTopN;
  spec.groups = 8;
  spec.topk_groups = 4;
  return spec;
}

void Route(benchmark::State& state) {
  const RouteSpec spec = SpecOf(state);
  const std::vector<float> logits = Logits(std::size_t{kTokens} * spec.experts);
  const std::vector<float> bias(spec.select == SelectOn::kScorePlusBias ? spec.experts : 0, 0.01F);
  std::vector<std::uint16_t> expert(std::size_t{kTokens} * spec.top_k);
  std::vector<float> weight(expert.size());
  for (auto _ : state) {
    const Status status =
        RouteTopK(spec, HostMatrix<const float>{logits.data(), kTokens, spec.experts},
                  {bias.data(), bias.size()},
                  {{expert.data(), kTokens, spec.top_k}, {weight.data(), kTokens, spec.top_k}});
    if (!status.ok()) state.SkipWithError(status.what);
    benchmark::DoNotOptimize(weight.data());
  }
  state.SetItemsProcessed(state.iterations() * kTokens);
}

BENCHMARK(Route)
    ->Args({8, 2, kSoftmax})     // Mixtral
    ->Args({64, 6, kSoftmax})    // DeepSeek-V2-Lite
    ->Args({128, 8, kSoftmax})   // Qwen3
    ->Args({256, 8, kGrouped})   // DeepSeek-V3
    ->Args({512, 22, kSoftmax})  // Nemotron class
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard::kernels
