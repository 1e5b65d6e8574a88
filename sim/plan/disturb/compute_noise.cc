#include "sim/plan/disturb/compute_noise.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/rng.h"
#include "topologies/disturb/names.h"

namespace switchyard {
namespace {

double Draw(JitterKind kind, double sigma, Rng& rng) {
  switch (kind) {
    case JitterKind::kNormal:
      return std::max(kLeastFactor, 1.0 + sigma * rng.Normal());
    case JitterKind::kLogNormal:
      return std::exp(sigma * rng.Normal());
    case JitterKind::kExponential:
      return 1.0 - sigma * std::log(rng.Uniform());
    case JitterKind::kDelay:
      break;
  }
  return 1.0;
}

// By device: the entry names it. No names: all.
std::vector<bool> Named(const std::vector<std::string>& gpus, const PlatformNames& names,
                        std::size_t num_devices) {
  std::vector<bool> named(num_devices, gpus.empty());
  for (const std::string& gpu : gpus) {
    const auto devices = names.Gpus(gpu);
    SWITCHYARD_CHECK(devices.ok(), "noise on GPUs that are not there");
    for (const DeviceId device : devices.value()) named[device.index()] = true;
  }
  return named;
}

// One straggler entry on one GPU, task after task.
class Jitter {
 public:
  Jitter(const Straggler& spec, Rng rng) : spec_(spec), rng_(rng) {
    if (spec.per == JitterPer::kStep) of_step_ = Draw(spec.kind, spec.sigma, rng_);
  }

  // To be multiplied; then to be added.
  [[nodiscard]] double Times() {
    return spec_.per == JitterPer::kStep ? of_step_ : Draw(spec_.kind, spec_.sigma, rng_);
  }
  [[nodiscard]] Seconds More() {
    const bool due = spec_.kind == JitterKind::kDelay && (spec_.per == JitterPer::kTask || first_);
    first_ = false;
    return due ? spec_.delay : Seconds{};
  }

 private:
  const Straggler& spec_;
  Rng rng_;
  double of_step_ = 1.0;
  bool first_ = true;
};

class Noise {
 public:
  Noise(const Disturbances& disturbances, const Platform& platform, std::uint64_t seed)
      : disturbances_(disturbances), seed_(seed) {
    const PlatformNames names(platform);
    for (const Straggler& straggler : disturbances.stragglers) {
      jitters_.push_back(Named(straggler.gpus, names, platform.num_devices()));
    }
    for (const ClockSpread& clock : disturbances.clocks) {
      clocks_.push_back(Named(clock.gpus, names, platform.num_devices()));
    }
  }

  [[nodiscard]] double Clock(std::size_t device) const {
    double speed = 1.0;
    for (std::size_t i = 0; i < clocks_.size(); ++i) {
      if (!clocks_[i][device]) continue;
      const ClockSpread& clock = disturbances_.clocks[i];
      Rng rng(seed_, Stream("disturbances.clocks") + i, device);
      speed *= clock.factor * Draw(JitterKind::kNormal, clock.sigma, rng);
    }
    return speed;
  }

  [[nodiscard]] std::vector<Jitter> Jitters(std::size_t device) const {
    std::vector<Jitter> jitters;
    for (std::size_t i = 0; i < jitters_.size(); ++i) {
      if (!jitters_[i][device]) continue;
      jitters.emplace_back(disturbances_.stragglers[i],
                           Rng(seed_, Stream("disturbances.stragglers") + i, device));
    }
    return jitters;
  }

 private:
  const Disturbances& disturbances_;
  std::uint64_t seed_;
  std::vector<std::vector<bool>> jitters_;  // by straggler, by device
  std::vector<std::vector<bool>> clocks_;   // by clock, by device
};

Seconds WithNoise(Seconds duration, double clock, std::vector<Jitter>& jitters) {
  double times = 1.0;
  Seconds more;
  for (Jitter& jitter : jitters) {
    times *= jitter.Times();
    more += jitter.More();
  }
  return duration * times / clock + more;
}

}  // namespace

void AddComputeNoise(const Disturbances& disturbances, const Platform& platform, std::uint64_t seed,
                     ActivityGraph& graph) {
  if (disturbances.stragglers.empty() && disturbances.clocks.empty()) return;
  const Noise noise(disturbances, platform, seed);
  for (Task& task : graph.tasks) {
    if (!task.is_transfer && task.durations.size() == 1) {
      task.durations.assign(task.num_devices, task.durations.front());
    }
  }
  for (std::size_t d = 0; d < graph.num_devices; ++d) {
    const double clock = noise.Clock(d);
    std::vector<Jitter> jitters = noise.Jitters(d);
    for (Task& task : graph.tasks) {
      const std::size_t own = d - task.first_device;  // wraps around below the group
      if (own >= task.durations.size() || task.durations[own] <= Seconds{}) continue;
      task.durations[own] = WithNoise(task.durations[own], clock, jitters);
    }
  }
}

}  // namespace switchyard
