// Figures of a platform as people read them. For the sources of this folder.
#pragma once

#include <string>
#include <string_view>

#include "topologies/platform.h"

namespace switchyard {

[[nodiscard]] std::string Gigabytes(BytesPerSecond rate);  // "370 GB/s"
[[nodiscard]] std::string Micros(Seconds time);            // "1.665 us"
[[nodiscard]] std::string Duration(Seconds time);          // in us, ms or s: "10.5 ms"
[[nodiscard]] std::string RateAndLatency(const Link& link);

// "gpu" of "n003.gpu5"; "leaf" of "leaf12".
[[nodiscard]] std::string KindName(const Platform& platform, VertexId v);

}  // namespace switchyard
