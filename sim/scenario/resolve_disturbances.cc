// What is not as the cluster's card says.
#include <string>
#include <utility>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/resolve.h"
#include "topologies/builder.h"
#include "topologies/disturb/gpu_conditions.h"

namespace switchyard {
namespace {

std::string ItemPath(const char* list, int i) {
  return std::string("disturbances.") + list + "[" + std::to_string(i) + "]";
}

template <class Fault>
NamedSlowdown ToSlowdown(const Fault& fault, const std::string& name) {
  NamedSlowdown slowdown{name, {fault.factor(), Seconds{fault.from()}, kForever}};
  if (fault.has_until()) slowdown.slowdown.until = Seconds{fault.until()};
  return slowdown;
}

JitterKind ToKind(pb::Straggler::Kind kind) {
  switch (kind) {
    case pb::Straggler::LOGNORMAL:
      return JitterKind::kLogNormal;
    case pb::Straggler::EXPONENTIAL:
      return JitterKind::kExponential;
    case pb::Straggler::DELAY:
      return JitterKind::kDelay;
    case pb::Straggler::NORMAL:
    case pb::Straggler::UNSPECIFIED:
      break;
  }
  return JitterKind::kNormal;
}

Straggler ToStraggler(const pb::Straggler& from) {
  Straggler straggler;
  straggler.gpus.assign(from.gpus().begin(), from.gpus().end());
  straggler.kind = ToKind(from.kind());
  straggler.sigma = from.sigma();
  straggler.delay = Seconds{from.delay()};
  straggler.per = from.per() == pb::Straggler::STEP ? JitterPer::kStep : JitterPer::kTask;
  return straggler;
}

Background ToBackground(const pb::Background& from) {
  Background background;
  background.link = from.link();
  background.share = from.share();
  background.from = from.from();
  background.to = from.to();
  background.rate = BytesPerSecond{from.rate()};
  background.start = Seconds{from.start()};
  if (from.has_until()) background.until = Seconds{from.until()};
  if (from.has_period()) background.bursts = Bursts{Seconds{from.period()}, Seconds{from.burst()}};
  return background;
}

void CheckStraggler(const pb::Straggler& straggler, const std::string& path, const Resolution& at) {
  if (!at.problems.Usable({path})) return;
  const bool is_delay = straggler.kind() == pb::Straggler::DELAY;
  if (is_delay && !straggler.has_delay()) at.Error(path, "kind delay needs 'delay', a time");
  if (!is_delay && !straggler.has_sigma()) at.Error(path, "needs 'sigma', the spread");
  if (is_delay && straggler.has_sigma()) {
    at.Error(path + ".sigma", "has no effect on kind delay");
  }
  if (!is_delay && straggler.has_delay()) at.Error(path + ".delay", "needs kind: delay");
}

void CheckBackground(const pb::Background& b, const std::string& path, const Resolution& at) {
  if (!at.problems.Usable({path})) return;
  const bool share = b.has_link() && b.has_share();
  const bool flows = b.has_from() && b.has_to() && b.has_rate();
  const bool any_share = b.has_link() || b.has_share();
  const bool any_flows = b.has_from() || b.has_to() || b.has_rate();
  if (share == flows || (share && any_flows) || (flows && any_share)) {
    at.Error(path, "needs either link and share, or from, to and rate");
  }
  if (b.has_period() != b.has_burst()) {
    at.Error(path, "bursts need both 'period' and 'burst'");
  } else if (b.has_period() && !b.has_until()) {
    at.Error(path,
             "bursts need 'until': each is a change of its own, and the step's end is not "
             "known beforehand");
  } else if (b.has_period() && b.burst() >= b.period()) {
    at.Error(path + ".burst", "is not shorter than the period");
  }
}

// Names and what they do to the cluster.
void CheckOnCluster(const Disturbances& disturbances, const ClusterSpec& cluster,
                    const Resolution& at) {
  const Result<Platform> platform = BuildPlatform(cluster);
  if (!platform.ok()) return;  // said when it is built for the step
  for (Diagnostic& error : CheckDisturbances(disturbances, platform.value(), cluster.paths)) {
    at.Error(error.path, std::move(error.message));
  }
}

}  // namespace

Disturbances ResolveDisturbances(const pb::Disturbances& message, const ClusterSpec& cluster,
                                 const Resolution& at) {
  Disturbances d;
  for (const pb::LinkFault& f : message.links()) d.links.push_back(ToSlowdown(f, f.link()));
  for (const pb::NicFault& f : message.nics()) d.nics.push_back(ToSlowdown(f, f.nic()));
  for (const pb::GpuFault& f : message.gpus()) d.gpus.push_back(ToSlowdown(f, f.gpu()));
  for (int i = 0; i < message.stragglers_size(); ++i) {
    CheckStraggler(message.stragglers(i), ItemPath("stragglers", i), at);
    d.stragglers.push_back(ToStraggler(message.stragglers(i)));
  }
  for (const pb::Clock& c : message.clocks()) {
    d.clocks.push_back({{c.gpus().begin(), c.gpus().end()}, c.factor(), c.sigma()});
  }
  for (int i = 0; i < message.background_size(); ++i) {
    CheckBackground(message.background(i), ItemPath("background", i), at);
    d.background.push_back(ToBackground(message.background(i)));
  }
  const bool known = at.problems.Usable({"cluster", "disturbances"});
  if (known && !d.empty()) CheckOnCluster(d, cluster, at);
  return d;
}

}  // namespace switchyard
