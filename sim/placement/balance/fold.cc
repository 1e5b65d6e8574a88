#include "sim/placement/balance/fold.h"

#include <algorithm>
#include <cmath>

namespace switchyard {
namespace {

struct Item {
  FoldOption option;
  double threshold;  // its load when small, limit - load when large
};

bool IsSmall(const Item& item) { return item.option.supply > 0; }

std::vector<Item> AllItems(const FoldProblem& problem, double limit, std::uint32_t width) {
  std::vector<Item> items;
  for (std::uint32_t e = 0; e < problem.loads.size(); ++e) {
    const double load = problem.loads[e];
    const double least = LeastCount(load, limit);
    if (least > problem.cap) continue;
    const auto from = static_cast<std::uint32_t>(least);
    const double wide = std::max(least + width, LeastCount(load, limit / 2) + width - 1);
    const auto to = static_cast<std::uint32_t>(std::min<double>(wide, problem.cap));
    for (std::uint32_t count = from; count <= to; ++count) {
      const double replica = load / count;
      const bool small = replica <= limit / 2;
      const auto supply = static_cast<std::int32_t>(count);
      items.push_back({{e, count, 0, small ? supply : -supply}, small ? replica : limit - replica});
    }
  }
  return items;
}

// Between two needs the supplies add up: a bin starts at the first supply after a need.
std::vector<double> BinStarts(const std::vector<Item>& items) {
  std::vector<std::pair<double, bool>> events;  // threshold, is a need; supplies first of equals
  events.reserve(items.size());
  for (const Item& item : items) events.emplace_back(item.threshold, !IsSmall(item));
  std::sort(events.begin(), events.end());
  std::vector<double> starts;
  bool need_before = true;
  for (const auto& [threshold, is_need] : events) {
    if (!is_need && need_before) starts.push_back(threshold);
    need_before = is_need;
  }
  return starts;
}

}  // namespace

double LeastCount(double load, double limit) {
  return std::max(1.0, std::ceil(load / limit * (1 - 1e-12)));
}

double FoldedLoad(std::span<const double> loads, std::span<const std::uint32_t> counts) {
  std::vector<double> replicas;
  for (std::size_t e = 0; e < loads.size(); ++e) {
    replicas.insert(replicas.end(), counts[e], loads[e] / counts[e]);
  }
  std::sort(replicas.begin(), replicas.end());
  double largest = 0;
  for (std::size_t i = 0; i < replicas.size() / 2; ++i) {
    largest = std::max(largest, replicas[i] + replicas[replicas.size() - 1 - i]);
  }
  return largest;
}

std::uint32_t FoldGrid::BinAt(double threshold) const {
  const auto after = std::upper_bound(starts.begin(), starts.end(), threshold);
  return after == starts.begin() ? 0 : static_cast<std::uint32_t>(after - starts.begin() - 1);
}

bool FoldGrid::Possible() const {
  return std::adjacent_find(first.begin(), first.end()) == first.end();
}

std::uint32_t FoldGrid::Nearest(std::uint32_t e, std::uint32_t count) const {
  std::uint32_t best = first[e];
  const auto distance = [&](std::uint32_t i) {
    const std::uint32_t own = options[i].count;
    return own > count ? own - count : count - own;
  };
  for (std::uint32_t i = first[e]; i < first[e + 1]; ++i) {
    if (distance(i) < distance(best)) best = i;
  }
  return best;
}

FoldGrid MakeFoldGrid(const FoldProblem& problem, double limit, std::uint32_t width) {
  const std::vector<Item> items = AllItems(problem, limit, width);
  FoldGrid grid;
  grid.limit = limit;
  grid.starts = BinStarts(items);
  grid.bins = static_cast<std::uint32_t>(grid.starts.size());
  grid.first.assign(problem.loads.size() + 1, 0);
  grid.options.reserve(items.size());
  for (const Item& item : items) {
    if (grid.bins == 0 || item.threshold < grid.starts.front()) continue;  // nothing can meet it
    grid.options.push_back(item.option);
    grid.options.back().bin = grid.BinAt(item.threshold);
    ++grid.first[item.option.expert + 1];
  }
  for (std::size_t e = 0; e < problem.loads.size(); ++e) grid.first[e + 1] += grid.first[e];
  return grid;
}

}  // namespace switchyard
