#include "topologies/analysis/format.h"

#include <fmt/format.h>

namespace switchyard {

std::string Gigabytes(BytesPerSecond rate) { return fmt::format("{:.6g} GB/s", rate.value / 1e9); }

std::string Micros(Seconds time) { return fmt::format("{:.4g} us", time.value * 1e6); }

std::string Duration(Seconds time) {
  constexpr double kMilli = 1e-3;
  if (time.value < kMilli) return Micros(time);
  if (time.value < 1) return fmt::format("{:.4g} ms", time.value / kMilli);
  return fmt::format("{:.4g} s", time.value);
}

std::string RateAndLatency(const Link& link) {
  return Gigabytes(link.capacity) + ", " + Micros(link.latency);
}

std::string KindName(const Platform& platform, VertexId v) {
  std::string name = platform.VertexName(v);
  name = name.substr(name.find('.') + 1);
  return name.substr(0, name.find_last_not_of("0123456789") + 1);
}

}  // namespace switchyard
