#include "topologies/analysis/pair_survey.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

namespace switchyard {
namespace {

// Nodes 0, 1, 2, 4, 8, ... and the last: near ones, and some of every distance.
bool IsSampled(std::size_t node, std::size_t nodes) {
  const bool power_of_two = (node & (node - 1)) == 0;
  return node < 2 || power_of_two || node + 1 == nodes;
}

std::vector<DeviceId> SurveyedDevices(const Platform& platform, bool complete) {
  std::vector<DeviceId> devices;
  for (std::size_t d = 0; d < platform.num_devices(); ++d) {
    const std::size_t node = platform.node_of(DeviceId(d)).index();
    if (complete || IsSampled(node, platform.num_nodes())) devices.emplace_back(d);
    if (devices.size() == kMaxSurveyedGpus) break;
  }
  return devices;
}

// The classes met so far, found by what their pairs have in common.
class Classes {
 public:
  void Count(const PairClass& pair) {
    // Latencies are sums in path order: equal up to rounding, far below a picosecond.
    constexpr double kPicosecond = 1e-12;
    const auto [known, is_new] = classes_.try_emplace(
        {pair.links, pair.bandwidth.value, std::llround(pair.latency.value / kPicosecond)}, pair);
    if (is_new) return;
    PairClass& same = known->second;
    ++same.pairs;
    if (std::tie(pair.from, pair.to) < std::tie(same.from, same.to)) {
      same.from = pair.from;
      same.to = pair.to;
    }
  }

  // Fewest links first, then by first pair.
  [[nodiscard]] std::vector<PairClass> Sorted() const {
    std::vector<PairClass> sorted;
    for (const auto& [key, pairs] : classes_) sorted.push_back(pairs);
    std::sort(sorted.begin(), sorted.end(), [](const PairClass& a, const PairClass& b) {
      return std::tie(a.links, a.from, a.to) < std::tie(b.links, b.from, b.to);
    });
    return sorted;
  }

 private:
  std::map<std::tuple<std::size_t, double, long long>, PairClass> classes_;
};

// The paths of one pair: one, or one for each part of its flows.
class PairPaths {
 public:
  PairPaths(const Platform& platform, const PathSelector& paths)
      : platform_(platform), selector_(paths), parts_on_(platform.links().size(), 0) {}

  void Find(VertexId from, VertexId to) {
    for (const LinkId l : links_) parts_on_[l.index()] = 0;
    links_.clear();
    num_parts_ = selector_.NumParts(from, to);
    longest_ = 0;
    latency_ = {};
    for (std::uint32_t part = 0; part < num_parts_; ++part) {
      path_.clear();
      selector_.AppendPath(from, to, part, path_);
      longest_ = std::max(longest_, path_.size());
      latency_ = std::max(latency_, PathLatency(platform_, path_));
      for (const LinkId l : path_) {
        if (parts_on_[l.index()]++ == 0) links_.push_back(l);
      }
    }
  }

  [[nodiscard]] const std::vector<LinkId>& links() const { return links_; }
  [[nodiscard]] double ShareOf(LinkId link) const {
    return static_cast<double>(parts_on_[link.index()]) / num_parts_;
  }
  [[nodiscard]] PairClass Summary(DeviceId from, DeviceId to) const {
    BytesPerSecond bandwidth{std::numeric_limits<double>::infinity()};
    for (const LinkId l : links_) {
      const double parts = static_cast<double>(num_parts_) / parts_on_[l.index()];
      bandwidth = std::min(bandwidth, platform_.link(l).capacity * parts);
    }
    return {longest_, bandwidth, latency_, 1, from, to};
  }

 private:
  const Platform& platform_;
  const PathSelector& selector_;
  std::vector<std::uint32_t> parts_on_;  // by link; 0 but for `links_`
  std::vector<LinkId> links_;            // each once
  std::vector<LinkId> path_;
  std::uint32_t num_parts_ = 1;
  std::size_t longest_ = 0;
  Seconds latency_;
};

}  // namespace

PairSurvey SurveyPairs(const Platform& platform, const PathSelector& paths) {
  PairSurvey survey;
  const std::size_t devices = platform.num_devices();
  survey.complete = devices <= kMaxSurveyedGpus;
  if (devices <= kMaxMatrixGpus) survey.bandwidth.resize(devices * devices);
  if (survey.complete) survey.pairs_per_link.resize(platform.links().size(), 0);
  const std::vector<DeviceId> surveyed = SurveyedDevices(platform, survey.complete);
  PairPaths pair(platform, paths);
  Classes classes;
  // Receivers outside: a selector may keep what it found for the latest receiver.
  for (const DeviceId to : surveyed) {
    for (const DeviceId from : surveyed) {
      if (from == to) continue;
      pair.Find(platform.gpu(from), platform.gpu(to));
      const PairClass summary = pair.Summary(from, to);
      classes.Count(summary);
      if (!survey.bandwidth.empty()) {
        survey.bandwidth[from.index() * devices + to.index()] = summary.bandwidth;
      }
      if (!survey.complete) continue;
      for (const LinkId l : pair.links()) survey.pairs_per_link[l.index()] += pair.ShareOf(l);
    }
  }
  survey.classes = classes.Sorted();
  return survey;
}

std::optional<AllToAllBound> UniformAllToAll(const Platform& platform, const PairSurvey& survey) {
  std::optional<AllToAllBound> bound;
  for (std::size_t l = 0; l < survey.pairs_per_link.size(); ++l) {
    if (survey.pairs_per_link[l] == 0) continue;
    const Bytes load{survey.pairs_per_link[l]};
    const Seconds time = load / platform.links()[l].capacity;
    if (!bound || time > bound->per_byte) bound = AllToAllBound{LinkId(l), time};
  }
  return bound;
}

}  // namespace switchyard
