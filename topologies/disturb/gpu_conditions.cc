#include "topologies/disturb/gpu_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "topologies/disturb/effects.h"
#include "topologies/disturb/link_conditions.h"
#include "topologies/disturb/names.h"
#include "topologies/disturb/slowdown.h"

namespace switchyard {
namespace {

void CheckGpus(const std::string& path, const std::vector<std::string>& gpus,
               const PlatformNames& names, Diagnostics& errors) {
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    const auto found = names.Gpus(gpus[i]);
    if (!found.ok()) {
      AddError(errors, fmt::format("{}.gpus[{}]", path, i), found.errors()[0].message);
    }
  }
}

// Of the lists of GPUs, whose patterns are matched against all names.
void CheckLists(const Disturbances& d, const Platform& platform, Diagnostics& errors) {
  constexpr std::size_t kMaxNames = 16384;  // as many as there are GPUs at most
  std::size_t count = 0;
  for (const Straggler& s : d.stragglers) count += s.gpus.size() + 1;
  for (const ClockSpread& c : d.clocks) count += c.gpus.size() + 1;
  if (count > kMaxNames) {
    return AddError(
        errors, "disturbances",
        fmt::format("stragglers and clocks name GPUs {} times; at most {}", count, kMaxNames));
  }
  const PlatformNames names(platform);
  for (std::size_t i = 0; i < d.stragglers.size(); ++i) {
    CheckGpus(EntryPath("stragglers", i), d.stragglers[i].gpus, names, errors);
  }
  for (std::size_t i = 0; i < d.clocks.size(); ++i) {
    CheckGpus(EntryPath("clocks", i), d.clocks[i].gpus, names, errors);
  }
}

class GpuEffects {
 public:
  GpuEffects(const Disturbances& disturbances, const Platform& platform)
      : faults_(disturbances.gpus), names_(platform), effects_(platform.num_devices()) {}

  Result<std::vector<SpeedChange>> Resolve() {
    if (faults_.size() > kMaxFaults) {
      AddError(errors_, "disturbances.gpus",
               fmt::format("{} entries; at most {}", faults_.size(), kMaxFaults));
      return std::move(errors_);
    }
    for (std::size_t i = 0; i < faults_.size(); ++i) Add(faults_[i], EntryPath("gpus", i));
    if (!errors_.empty()) return std::move(errors_);
    std::vector<SpeedChange> changes;
    for (std::size_t d = 0; d < effects_.size(); ++d) {
      for (const Step& step : StepsOf(effects_[d])) {
        changes.push_back({step.time, DeviceId(d), std::max(step.left, kLeastLeft)});
      }
    }
    return changes;
  }

 private:
  void Add(const NamedSlowdown& fault, const std::string& path) {
    const auto devices = names_.Gpus(fault.name);
    if (!devices.ok()) {
      return AddError(errors_, path + ".gpu", devices.errors()[0].message);
    }
    if (fault.slowdown.factor == 0.0) {
      return AddError(errors_, path + ".factor",
                      "a dead GPU ends the step, which needs all its GPUs; simulate a cluster "
                      "without it, or give a factor above 0");
    }
    if (const std::string wrong = WhatIsWrong(fault.slowdown); !wrong.empty()) {
      return AddError(errors_, path, wrong);
    }
    const Effect effect = AsEffect(fault.slowdown);
    num_changes_ += effect.NumChanges() * static_cast<double>(devices.value().size());
    if (num_changes_ > kMaxChanges) {
      return AddError(errors_, path,
                      fmt::format("makes more than {:.0f} changes of GPUs' speeds in all; name "
                                  "fewer GPUs",
                                  kMaxChanges));
    }
    for (const DeviceId device : devices.value()) effects_[device.index()].push_back(effect);
  }

  const std::vector<NamedSlowdown>& faults_;
  const PlatformNames names_;
  std::vector<std::vector<Effect>> effects_;  // by device
  double num_changes_ = 0.0;
  Diagnostics errors_;
};

}  // namespace

Result<std::vector<SpeedChange>> SpeedChangesOf(const Disturbances& disturbances,
                                                const Platform& platform) {
  if (disturbances.gpus.empty()) return std::vector<SpeedChange>{};
  return GpuEffects(disturbances, platform).Resolve();
}

Diagnostics CheckDisturbances(const Disturbances& disturbances, const Platform& platform,
                              PathSelection selection) {
  Diagnostics errors;
  const auto links = LinkConditionsOf(disturbances, platform, selection);
  if (!links.ok()) errors = links.errors();
  const auto speeds = SpeedChangesOf(disturbances, platform);
  if (!speeds.ok()) errors.insert(errors.end(), speeds.errors().begin(), speeds.errors().end());
  CheckLists(disturbances, platform, errors);
  return errors;
}

}  // namespace switchyard
