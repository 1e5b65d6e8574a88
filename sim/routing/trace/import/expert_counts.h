// Tokens drawn from how often every expert was chosen. Counts are not choices: which experts a
// token chose together, and which token came before which, is lost in them, so the trace is fitted.
//
//   std::vector<CountedStep> steps = {{0, {{3, {24990, 0, 39249, ...}}}}};     // layer 3
//   Result<RouterTrace> trace = DrawFromCounts(steps, options, log, "counts_csv");
//
// Law: a token's k experts are drawn without replacement by randomised systematic sampling (Madow,
// "On the theory of systematic sampling, II", Ann. Math. Statist. 20, 1949; random order: Hartley
// and Rao, Ann. Math. Statist. 33, 1962). The experts are put in a random order, each as long as
// k times its count; one random start u below S, the sum of the counts, and the k points u, u + S,
// u + 2 S, ... choose the experts they fall on. Whole numbers throughout, so that expert e is
// chosen with probability exactly k c_e / S: its expected load over N tokens is N k c_e / S, and as
// tokens are independent, the load's variance is N p (1 - p), p = k c_e / S. The order of a
// token's choices is the random one.
//
// p is at most 1, or no router of that k can have counted so: an error.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/routes.h"
#include "sim/routing/trace/import/import_log.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// Of one layer.
class CountSampler {
 public:
  // k * counts[e] <= the sum of the counts, for every e; k times the sum below 2^63.
  CountSampler(std::vector<std::uint64_t> counts, std::uint32_t k);
  void Draw(Rng& rng, std::span<ExpertIndex> experts);

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t sum_ = 0;
  std::uint32_t k_;
  std::vector<ExpertIndex> order_;
};

struct LayerCounts {
  std::uint32_t layer = 0;            // index in the model
  std::vector<std::uint64_t> counts;  // [experts]
};
struct CountedStep {
  std::uint64_t step = 0;
  std::vector<LayerCounts> layers;
};

// options.tokens tokens, shared among the steps as their counts are; absent: as many as were
// counted, at most 65,536. Layers that were never counted are left out.
[[nodiscard]] Result<RouterTrace> DrawFromCounts(const std::vector<CountedStep>& steps,
                                                 const ImportOptions& options, ImportLog& log,
                                                 std::string_view format);

}  // namespace switchyard
