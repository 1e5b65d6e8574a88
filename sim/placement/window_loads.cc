#include "sim/base/check.h"
#include "sim/placement/problem.h"

namespace switchyard {

void WindowLoads::Add(std::span<const double> counts) {
  SWITCHYARD_CHECK(counts.size() == experts_, "a window has one load for each expert");
  values_.insert(values_.end(), counts.begin(), counts.end());
  for (std::uint32_t e = 0; e < experts_; ++e) total_[e] += counts[e];
  ++windows_;
}

}  // namespace switchyard
