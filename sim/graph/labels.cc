#include "sim/graph/labels.h"

#include <array>

#include "sim/base/check.h"

namespace switchyard {

std::string_view ToString(OpName name) {
  static constexpr std::array<std::string_view, kNumOpNames> kNames = {
      "attention", "router",  "shared_expert", "expert_gemm", "dense_ffn",   "lm_head",
      "dispatch",  "combine", "all_reduce",    "all_gather",  "expert_load", "migration"};
  const auto i = static_cast<std::size_t>(name);
  SWITCHYARD_CHECK(i < kNames.size(), "operation without a name");
  return kNames[i];
}

std::string_view ToString(StreamKind stream) {
  static constexpr std::array<std::string_view, kNumStreams> kNames = {"compute", "comm",
                                                                       "copy h2d"};
  const auto i = static_cast<std::size_t>(stream);
  SWITCHYARD_CHECK(i < kNames.size(), "stream without a name");
  return kNames[i];
}

}  // namespace switchyard
