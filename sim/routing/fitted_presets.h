// Parameters of the fitted generator that reproduce the statistics of real router traces.
//
//   RoutingSpec spec = kFittedPresets[1].routing;   // dsv2_lite_esft
//
// Each preset was fitted, layer statistics averaged, to Gini, max/mean, per-request Gini and the
// overlaps at lags 1 to 64 of one trace, with 48 requests of 256 tokens:
//   dsv2_lite_diverse  DeepSeek-V2-Lite, 64 experts top-6, 1,999 prompts
//                      (statistics of the routes in github.com/ngavhane/moe-beyond)
//   dsv2_lite_esft     DeepSeek-V2-Lite, 64 experts top-6, four tasks (github.com/deepseek-ai/ESFT)
//   gpt_oss_decode     GPT-OSS-20B, 32 experts top-4, decode
//                      (github.com/AmanPriyanshu/GPT-OSS-MoE-ExpertFingerprinting)
// tokens_per_request is the workload's business and stays 1 here.
#pragma once

#include <string_view>

#include "sim/routing/expert_router.h"

namespace switchyard {

struct FittedPreset {
  std::string_view name;
  FittedRouting routing;
};

inline constexpr FittedPreset kFittedPresets[] = {
    {"dsv2_lite_diverse", {0.32, 0.95, 1.73, 0.56, 1}},
    {"dsv2_lite_esft", {0.58, 0.90, 0.94, 0.69, 1}},
    {"gpt_oss_decode", {0.94, 1.28, 0.87, 0.74, 1}},
};

}  // namespace switchyard
