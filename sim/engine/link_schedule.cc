#include "sim/engine/link_schedule.h"

#include <algorithm>
#include <cmath>

#include "sim/base/check.h"

namespace switchyard {

LinkSchedule::LinkSchedule(std::span<const LinkChange> changes, const Platform& platform)
    : platform_(platform), changes_(changes.begin(), changes.end()) {
  for (const LinkChange& change : changes_) {
    SWITCHYARD_CHECK(change.link.index() < platform.links().size(), "a change of no link");
    SWITCHYARD_CHECK(
        std::isfinite(change.factor) && change.factor > 0 && std::isfinite(change.time.value),
        "a link's capacity must stay finite and above 0");
  }
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const LinkChange& a, const LinkChange& b) { return a.time < b.time; });
}

std::optional<Seconds> LinkSchedule::ApplyDue(Seconds now, TransferModel& transfers) {
  for (; next_ < changes_.size() && changes_[next_].time <= now; ++next_) {
    const LinkChange& change = changes_[next_];
    transfers.SetCapacity(change.link, platform_.link(change.link).capacity * change.factor);
  }
  if (next_ == changes_.size()) return std::nullopt;
  return changes_[next_].time;
}

}  // namespace switchyard
