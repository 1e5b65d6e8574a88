#include "topologies/disturb/link_conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "topologies/disturb/effects.h"
#include "topologies/disturb/names.h"
#include "topologies/disturb/slowdown.h"

namespace switchyard {
namespace {

constexpr std::size_t kMaxPairs = std::size_t{1} << 20;  // of GPUs with background between them

// What acts on every link.
class LinkEffects {
 public:
  LinkEffects(const Disturbances& disturbances, const Platform& platform, PathSelection selection)
      : disturbances_(disturbances),
        platform_(platform),
        selection_(selection),
        names_(platform),
        effects_(platform.links().size()),
        background_(platform.links().size()),
        is_dead_(platform.links().size()) {}

  Result<LinkConditions> Resolve() {
    AddFaults("links", "link", disturbances_.links);
    AddFaults("nics", "nic", disturbances_.nics);
    CheckConnected();
    CheckCount("background", disturbances_.background.size());
    if (disturbances_.background.size() <= kMaxFaults && !cut_off_) AddBackground();
    LinkConditions conditions{dead_, {}};
    for (std::size_t l = 0; l < effects_.size() && errors_.empty(); ++l) {
      if (!is_dead_[l]) AppendChanges(LinkId(l), conditions.changes);
    }
    if (!errors_.empty()) return std::move(errors_);
    return conditions;
  }

 private:
  // An entry that kills links, and how many are dead with it.
  struct KillEntry {
    std::string path;
    std::size_t dead_links;
  };

  void CheckCount(const char* list, std::size_t entries) {
    if (entries <= kMaxFaults) return;
    AddError(errors_, fmt::format("disturbances.{}", list),
             fmt::format("{} entries; at most {}", entries, kMaxFaults));
  }

  void AddFaults(const char* list, const char* field, const std::vector<NamedSlowdown>& faults) {
    CheckCount(list, faults.size());
    if (faults.size() > kMaxFaults) return;
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const auto links = &faults == &disturbances_.nics ? names_.NicLinks(faults[i].name)
                                                        : names_.Links(faults[i].name);
      const std::string path = EntryPath(list, i);
      if (!links.ok()) {
        AddError(errors_, path + "." + field, links.errors()[0].message);
      } else if (const std::string wrong = WhatIsWrong(faults[i].slowdown); !wrong.empty()) {
        AddError(errors_, path, wrong);
      } else if (faults[i].slowdown.factor == 0.0) {
        Kill(links.value(), path);
      } else {
        Act(links.value(), AsEffect(faults[i].slowdown), path);
      }
    }
  }

  void Kill(const std::vector<LinkId>& links, std::string path) {
    for (const LinkId link : links) {
      if (!is_dead_[link.index()]) dead_.push_back(link);
      is_dead_[link.index()] = true;
    }
    kills_.push_back({std::move(path), dead_.size()});
  }

  // The first `count` dead links cut these two off from each other.
  [[nodiscard]] std::optional<std::pair<DeviceId, DeviceId>> CutOffBy(std::size_t count) const {
    const auto paths =
        MakePathSelector(selection_, platform_, std::span<const LinkId>(dead_).first(count));
    return FirstUnreachable(platform_, *paths);
  }

  // Blames the first entry without which all GPUs would still be connected.
  void CheckConnected() {
    if (dead_.empty() || !CutOffBy(dead_.size())) return;
    cut_off_ = true;
    const auto culprit =
        std::partition_point(kills_.begin(), kills_.end(),
                             [this](const KillEntry& kill) { return !CutOffBy(kill.dead_links); });
    const auto pair = CutOffBy(culprit->dead_links);
    AddError(errors_, culprit->path,
             fmt::format("without it {} cannot reach {} any more",
                         platform_.VertexName(platform_.gpu(pair->first)),
                         platform_.VertexName(platform_.gpu(pair->second))));
  }

  // False, with an error, when there would be too many changes.
  bool Count(double changes, const std::string& path) {
    num_changes_ += changes;
    if (num_changes_ <= kMaxChanges) return true;
    AddError(errors_, path,
             fmt::format("makes more than {:.0f} changes of links' capacities in all; name fewer "
                         "links, or give bursts an earlier 'until'",
                         kMaxChanges));
    return false;
  }

  void Act(const std::vector<LinkId>& links, const Effect& effect, const std::string& path) {
    if (!Count(effect.NumChanges() * static_cast<double>(links.size()), path)) return;
    for (const LinkId link : links) effects_[link.index()].push_back(effect);
  }

  void AddBackground() {
    const auto paths = MakePathSelector(selection_, platform_, dead_);
    for (std::size_t i = 0; i < disturbances_.background.size(); ++i) {
      const Background& b = disturbances_.background[i];
      const std::string path = EntryPath("background", i);
      if (b.until <= b.start) {
        AddError(errors_, path, "ends before it begins: 'until' must be after 'start'");
      } else if (!b.link.empty()) {
        AddShare(b, path, i);
      } else {
        AddFlows(b, path, i, *paths);
      }
    }
  }

  void AddShare(const Background& b, const std::string& path, std::size_t entry) {
    const auto links = names_.Links(b.link);
    if (!links.ok()) return AddError(errors_, path + ".link", links.errors()[0].message);
    Act(links.value(), {1.0 - b.share, 0.0, b.start, b.until, b.bursts}, path);
    for (const LinkId link : links.value()) background_[link.index()] = entry;
  }

  void AddFlows(const Background& b, const std::string& path, std::size_t entry,
                const PathSelector& paths) {
    const auto from = names_.Gpus(b.from);
    const auto to = names_.Gpus(b.to);
    if (!from.ok()) AddError(errors_, path + ".from", from.errors()[0].message);
    if (!to.ok()) AddError(errors_, path + ".to", to.errors()[0].message);
    if (!from.ok() || !to.ok()) return;
    if (from.value().size() * to.value().size() > kMaxPairs) {
      return AddError(errors_, path,
                      fmt::format("{} x {} pairs of GPUs; at most {}", from.value().size(),
                                  to.value().size(), kMaxPairs));
    }
    const std::vector<BytesPerSecond> rates = Rates(from.value(), to.value(), b.rate, paths);
    Effect effect{1.0, 0.0, b.start, b.until, b.bursts};
    bool any = false;
    for (std::size_t l = 0; l < rates.size(); ++l) {
      if (rates[l] <= BytesPerSecond{}) continue;
      if (!Count(effect.NumChanges(), path)) return;
      any = true;
      effect.less = rates[l] / platform_.links()[l].capacity;
      effects_[l].push_back(effect);
      background_[l] = entry;
    }
    if (!any) AddError(errors_, path, "sends nothing: 'from' and 'to' are the same GPU");
  }

  // By link, what all senders put on it.
  [[nodiscard]] std::vector<BytesPerSecond> Rates(const std::vector<DeviceId>& from,
                                                  const std::vector<DeviceId>& to,
                                                  BytesPerSecond rate,
                                                  const PathSelector& paths) const {
    std::vector<BytesPerSecond> rates(platform_.links().size());
    std::vector<LinkId> path;
    for (const DeviceId sender : from) {
      const auto others = static_cast<double>(
          std::count_if(to.begin(), to.end(), [&](DeviceId d) { return d != sender; }));
      for (const DeviceId receiver : to) {
        if (sender == receiver) continue;
        const VertexId at = platform_.gpu(sender);
        const VertexId end = platform_.gpu(receiver);
        const std::uint32_t parts = paths.NumParts(at, end);
        path.clear();
        for (std::uint32_t i = 0; i < parts; ++i) paths.AppendPath(at, end, i, path);
        for (const LinkId link : path) rates[link.index()] += rate / others / parts;
      }
    }
    return rates;
  }

  void AppendChanges(LinkId link, std::vector<LinkChange>& changes) {
    for (const Step& step : StepsOf(effects_[link.index()])) {
      if (step.left < kLeastLeft) return ReportFull(link, step);
      changes.push_back({step.time, link, step.left});
    }
  }

  void ReportFull(LinkId link, const Step& step) {
    constexpr double kPercent = 100.0;
    const auto entry = background_[link.index()];
    AddError(errors_, entry ? EntryPath("background", *entry) : "disturbances",
             fmt::format("leaves nothing of {} for the step: {:.4g} % of its capacity are taken at "
                         "{:g} s",
                         platform_.LinkName(link), kPercent * (1.0 - step.left), step.time.value));
  }

  const Disturbances& disturbances_;
  const Platform& platform_;
  const PathSelection selection_;
  const PlatformNames names_;
  std::vector<std::vector<Effect>> effects_;            // by link
  std::vector<std::optional<std::size_t>> background_;  // by link: the last entry that uses it
  std::vector<bool> is_dead_;                           // by link
  std::vector<LinkId> dead_;
  std::vector<KillEntry> kills_;
  double num_changes_ = 0.0;
  bool cut_off_ = false;
  Diagnostics errors_;
};

}  // namespace

Result<LinkConditions> LinkConditionsOf(const Disturbances& disturbances, const Platform& platform,
                                        PathSelection selection) {
  const bool links =
      !disturbances.links.empty() || !disturbances.nics.empty() || !disturbances.background.empty();
  if (!links) return LinkConditions{};
  return LinkEffects(disturbances, platform, selection).Resolve();
}

}  // namespace switchyard
