// Changes of links' capacities during a run, handed to the transfers when they are due.
//
//   LinkSchedule schedule(changes, platform);
//   std::optional<Seconds> next = schedule.ApplyDue(clock.Now(), transfers);   // call again at
//   *next
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "sim/base/units.h"
#include "sim/engine/transfer_model.h"
#include "topologies/changes.h"
#include "topologies/platform.h"

namespace switchyard {

class LinkSchedule {
 public:
  // `platform` must outlive it. Links exist, factors are finite and > 0 (checked).
  LinkSchedule(std::span<const LinkChange> changes, const Platform& platform);

  // Gives the transfers every change due by `now` that it has not had; returns the time of the
  // next.
  std::optional<Seconds> ApplyDue(Seconds now, TransferModel& transfers);

 private:
  const Platform& platform_;
  std::vector<LinkChange> changes_;  // by time, otherwise as given
  std::size_t next_ = 0;
};

}  // namespace switchyard
