#include "topologies/analysis/pair_survey.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace switchyard {
namespace {

std::vector<DeviceId> SurveyedDevices(const Platform& platform, bool complete) {
  std::vector<DeviceId> devices;
  for (std::size_t d = 0; d < platform.num_devices(); ++d) {
    const std::size_t node = platform.node_of(DeviceId(d)).index();
    const bool sampled = node < 2 || node + 1 == platform.num_nodes();
    if (complete || sampled) devices.emplace_back(d);
  }
  return devices;
}

void CountInClass(const PairClass& pair, std::vector<PairClass>& classes) {
  // Latencies are sums in path order: equal up to rounding, far below a picosecond.
  constexpr double kSameLatency = 1e-12;
  for (PairClass& known : classes) {
    if (known.links == pair.links && known.bandwidth == pair.bandwidth &&
        std::abs(known.latency.value - pair.latency.value) < kSameLatency) {
      ++known.pairs;
      if (std::tie(pair.from, pair.to) < std::tie(known.from, known.to)) {
        known.from = pair.from;
        known.to = pair.to;
      }
      return;
    }
  }
  classes.push_back(pair);
}

}  // namespace

PairSurvey SurveyPairs(const Platform& platform, const PathSelector& paths) {
  PairSurvey survey;
  const std::size_t devices = platform.num_devices();
  survey.complete = devices <= kMaxSurveyedGpus;
  if (devices <= kMaxMatrixGpus) survey.bandwidth.resize(devices * devices);
  if (survey.complete) survey.pairs_per_link.resize(platform.links().size(), 0);
  const std::vector<DeviceId> surveyed = SurveyedDevices(platform, survey.complete);
  std::vector<LinkId> links;
  // Receivers outside: a selector may keep what it found for the latest receiver.
  for (const DeviceId to : surveyed) {
    for (const DeviceId from : surveyed) {
      if (from == to) continue;
      links.clear();
      paths.AppendPath(platform.gpu(from), platform.gpu(to), 0, links);
      const BytesPerSecond bandwidth = PathBandwidth(platform, links);
      CountInClass({links.size(), bandwidth, PathLatency(platform, links), 1, from, to},
                   survey.classes);
      if (!survey.bandwidth.empty()) {
        survey.bandwidth[from.index() * devices + to.index()] = bandwidth;
      }
      if (!survey.complete) continue;
      for (const LinkId l : links) ++survey.pairs_per_link[l.index()];
    }
  }
  std::sort(survey.classes.begin(), survey.classes.end(),
            [](const PairClass& a, const PairClass& b) {
              return std::tie(a.links, a.from, a.to) < std::tie(b.links, b.from, b.to);
            });
  return survey;
}

std::optional<AllToAllBound> UniformAllToAll(const Platform& platform, const PairSurvey& survey) {
  std::optional<AllToAllBound> bound;
  for (std::size_t l = 0; l < survey.pairs_per_link.size(); ++l) {
    if (survey.pairs_per_link[l] == 0) continue;
    const Bytes load{static_cast<double>(survey.pairs_per_link[l])};
    const Seconds time = load / platform.links()[l].capacity;
    if (!bound || time > bound->per_byte) bound = AllToAllBound{LinkId(l), time};
  }
  return bound;
}

}  // namespace switchyard
