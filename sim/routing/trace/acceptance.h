// Does a recorded trace look like the routing of a trained model? `trace info` prints this list.
//
//   Acceptance list = JudgeTrace(stats, &control_stats);   // or nullptr: no control
//   std::cout << ToText(list);
//
// The bounds hold for trained models: DeepSeek-V2-Lite, computed from the public route logs of
// github.com/ngavhane/moe-beyond (lag-1 overlap of 0.31 to 0.34 in the middle layers, 3.3 to 3.6
// times uniform, and 0.14 in the first; affinity of 0.41 to 0.50, 4.4 to 5.3 times uniform), and
// Mixtral 8x7B (arXiv 2401.04088, table 5: first layers near random, middle layers highest). A
// router that was never trained already reached 1.6 to 2.3 times uniform at lag 1 in a small trial,
// because equal tokens repeat; so a control belongs to every judgement.
//
// With L MoE layers, counted from 0:
//   middle layers  those with L/3 <= l < 2L/3, rounded outwards: floor(L/3) to ceil(2L/3) - 1
//   upper half     floor(L/2) to L - 1
//   x uniform      the figure divided by k / E, what independent uniform choices would give
// The lines, all figures as trace_stats.h defines them, means over the layers named:
// clang-format off
//   lag_1          middle layers, overlap at lag 1: at least 2 x uniform
//   decreasing     middle layers: overlap falls from lag 1 to 4 to 16 to 64, each below the one
//                  before
//   lag_64         middle layers, overlap at lag 64: at least 1.3 x uniform
//   layer_0        |overlap at lag 1 / uniform - 1| is smaller in layer 0 than in the middle layers
//   same_token     every layer of the upper half: same-token overlap below 0.7
//   load           max/mean load of the whole trace, mean over all layers: 1.3 to 3
//   domain_load    max/mean load of a domain alone, mean over layers and domains: larger than that
//                  of the whole trace. Domains in which an expert gets fewer than 64 choices on
//                  average do not count, see below.
//   affinity       next-layer affinity, mean over the layer pairs: at least 3 x uniform
//   control        the untrained control is below the trace in lag_1, lag_64, domain_load and
//                  affinity; not measured unless both have all four
// clang-format on
// Why 64 choices: of E equal experts with n choices each on average, the largest load exceeds the
// mean by at most sqrt(2 ln E / n) of it (expected maximum of E normal variables of variance n,
// about Poisson; distinct choices of a token make it smaller), by chance alone. Of the committed
// recordings of trained models (kernels/recorded) the smallest effect is 0.84: 2.05 in a domain,
// 1.21 in the whole. With n = 64 chance adds at most 0.26 (8 experts), 0.36 (64) and 0.42 (256), so
// no more than half of that effect. 32 choices an expert, 0.47 with 32 experts, are more than half.
// A line whose figures the trace does not have (no token ids, no domains, no control) is not
// measured, which is not a pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/routing/trace/trace_stats.h"

namespace switchyard {

enum class Verdict : std::uint8_t { kPass, kFail, kNotMeasured };

struct AcceptanceLine {
  std::string name;      // as above
  std::string required;  // in words, with the bound
  Verdict verdict = Verdict::kNotMeasured;
  std::vector<double> measured;  // empty when not measured; decreasing: by lag; layer_0: it, middle
  std::vector<double> control;   // the same of the control
  std::string note;              // why it was not measured, or what is not below
};

struct Acceptance {
  std::vector<AcceptanceLine> lines;
  bool has_control = false;
  // Every line passes.
  [[nodiscard]] bool accepted() const;
};

[[nodiscard]] Acceptance JudgeTrace(const TraceStats& trace, const TraceStats* control);

[[nodiscard]] std::string ToText(const Acceptance& acceptance);
[[nodiscard]] std::string ToString(Verdict verdict);  // "pass", "FAIL", "not measured"

}  // namespace switchyard
