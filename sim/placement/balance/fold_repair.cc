#include "sim/placement/balance/fold_repair.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Changes of each direction that are tried with one another.
constexpr std::size_t kShortlist = 24;
// A changed expert rests for this many steps and up to as many again.
constexpr std::uint32_t kRest = 4;
constexpr std::int64_t kHighestWeight = 200;

// The sum over bins of weight times partners missing, at most slots each, has to fit 32 bits.
std::int16_t HighestWeight(std::size_t bins, std::uint32_t slots) {
  const std::int64_t most = std::numeric_limits<std::int32_t>::max();
  const auto sum = static_cast<std::int64_t>(std::max<std::size_t>(1, bins)) * (slots + 2);
  return static_cast<std::int16_t>(std::clamp<std::int64_t>(most / sum, 1, kHighestWeight));
}

}  // namespace

FoldRepair::FoldRepair(const FoldProblem& problem, const FoldGrid& grid, std::uint64_t seed)
    : problem_(problem),
      grid_(grid),
      rng_(seed, Stream("fold_repair")),
      option_(problem.loads.size()),
      free_at_(problem.loads.size()),
      left_(grid.bins),
      weight_(grid.bins),
      none_(grid.bins),
      delta_(grid.bins) {
  SWITCHYARD_CHECK(problem.slots <= kMostFoldSlots, "too many slots for a search over counts");
  for (Direction* list : {&less_, &more_}) {
    list->changes.reserve(problem.loads.size());
    list->deltas.resize(kShortlist * grid.bins);
  }
}

bool FoldRepair::Run(std::vector<std::uint32_t>& counts, std::uint32_t steps) {
  std::fill(weight_.begin(), weight_.end(), std::int16_t{1});
  std::fill(free_at_.begin(), free_at_.end(), 0u);
  Adopt(counts);
  FillSlots();
  Save(counts);
  std::int32_t least = Unweighted();
  for (std::uint32_t step = 0; step < steps && least > 0; ++step, ++steps_done_) {
    Step(step);
    const std::int32_t missing = Unweighted();
    if (missing >= least) continue;
    least = missing;
    Save(counts);
  }
  const bool filled =
      std::accumulate(counts.begin(), counts.end(), std::uint32_t{0}) == problem_.slots;
  return filled && least == 0;
}

void FoldRepair::Adopt(std::span<const std::uint32_t> counts) {
  std::fill(left_.begin(), left_.end(), std::int16_t{0});
  for (std::uint32_t e = 0; e < counts.size(); ++e) {
    option_[e] = grid_.Nearest(e, counts[e]);
    const FoldOption& option = grid_.options[option_[e]];
    left_[option.bin] = static_cast<std::int16_t>(left_[option.bin] + option.supply);
  }
  for (std::size_t b = 1; b < left_.size(); ++b) {
    left_[b] = static_cast<std::int16_t>(left_[b] + left_[b - 1]);
  }
}

void FoldRepair::Save(std::vector<std::uint32_t>& counts) const {
  for (std::uint32_t e = 0; e < counts.size(); ++e) counts[e] = grid_.options[option_[e]].count;
}

// One change after the other, the best first, until the slots are filled exactly.
void FoldRepair::FillSlots() {
  std::int64_t free = problem_.slots;
  for (const std::uint32_t option : option_) free -= grid_.options[option].count;
  while (free != 0) {
    Direction& list = free > 0 ? more_ : less_;
    List(free > 0 ? 1 : -1, 0, list);
    if (list.kept == 0) return;
    Apply(list.changes.front());
    free += free > 0 ? -1 : 1;
  }
}

void FoldRepair::WriteDelta(std::uint32_t from, std::uint32_t to, std::int16_t* delta) const {
  const FoldOption& old = grid_.options[from];
  const FoldOption& next = grid_.options[to];
  std::fill_n(delta, grid_.bins, std::int16_t{0});
  for (std::uint32_t b = old.bin; b < grid_.bins; ++b) {
    delta[b] = static_cast<std::int16_t>(delta[b] - old.supply);
  }
  for (std::uint32_t b = next.bin; b < grid_.bins; ++b) {
    delta[b] = static_cast<std::int16_t>(delta[b] + next.supply);
  }
}

// Weighted sum over the bins of the partners missing there, with two changes.
std::int32_t FoldRepair::Missing(const std::int16_t* first, const std::int16_t* second) const {
  const std::int16_t* const left = left_.data();
  const std::int16_t* const weight = weight_.data();
  std::int32_t sum = 0;
  for (std::uint32_t b = 0; b < grid_.bins; ++b) {
    const auto now = static_cast<std::int16_t>(left[b] + first[b] + second[b]);
    const auto missing = static_cast<std::int16_t>(now < 0 ? -now : 0);
    sum += missing * weight[b];
  }
  return sum;
}

std::int32_t FoldRepair::Unweighted() const {
  std::int32_t sum = 0;
  for (const std::int16_t left : left_) sum += std::max(0, -left);
  return sum;
}

void FoldRepair::List(int direction, std::uint32_t step, Direction& list) {
  list.changes.clear();
  for (std::uint32_t e = 0; e < option_.size(); ++e) {
    const std::uint32_t now = option_[e];
    const bool at_end = direction > 0 ? now + 1 == grid_.first[e + 1] : now == grid_.first[e];
    if (at_end || free_at_[e] > step) continue;
    const std::uint32_t next = direction > 0 ? now + 1 : now - 1;
    WriteDelta(now, next, delta_.data());
    list.changes.push_back({Missing(delta_.data(), none_.data()), e, next});
  }
  list.kept = std::min(kShortlist, list.changes.size());
  const auto kept = list.changes.begin() + static_cast<std::ptrdiff_t>(list.kept);
  std::partial_sort(list.changes.begin(), kept, list.changes.end(),
                    [](const Change& a, const Change& b) {
                      return a.missing != b.missing ? a.missing < b.missing : a.expert < b.expert;
                    });
  for (std::size_t i = 0; i < list.kept; ++i) {
    const Change& change = list.changes[i];
    WriteDelta(option_[change.expert], change.option, list.deltas.data() + i * grid_.bins);
  }
}

void FoldRepair::Apply(const Change& change) {
  WriteDelta(option_[change.expert], change.option, delta_.data());
  for (std::size_t b = 0; b < left_.size(); ++b) {
    left_[b] = static_cast<std::int16_t>(left_[b] + delta_[b]);
  }
  option_[change.expert] = change.option;
}

// The exchange after which least is missing; of equals one at random.
bool FoldRepair::ChooseExchange(Change& less, Change& more) {
  std::int32_t best = std::numeric_limits<std::int32_t>::max();
  std::uint64_t equals = 0;
  for (std::size_t i = 0; i < less_.kept; ++i) {
    for (std::size_t j = 0; j < more_.kept; ++j) {
      if (less_.changes[i].expert == more_.changes[j].expert) continue;
      const std::int32_t missing =
          Missing(less_.deltas.data() + i * grid_.bins, more_.deltas.data() + j * grid_.bins);
      if (missing > best) continue;
      equals = missing < best ? 1 : equals + 1;
      best = missing;
      if (rng_.Below(equals) != 0) continue;
      less = less_.changes[i];
      more = more_.changes[j];
    }
  }
  if (equals == 0) return false;
  less.missing = best;
  return true;
}

void FoldRepair::Step(std::uint32_t step) {
  List(-1, step, less_);
  List(+1, step, more_);
  Change less{};
  Change more{};
  const std::int32_t before = Missing(none_.data(), none_.data());
  if (!ChooseExchange(less, more)) return;
  if (less.missing >= before) {
    const std::int16_t highest = HighestWeight(grid_.bins, problem_.slots);
    for (std::size_t b = 0; b < left_.size(); ++b) {
      if (left_[b] < 0 && weight_[b] < highest) ++weight_[b];
    }
  }
  for (const Change& change : {less, more}) {
    Apply(change);
    free_at_[change.expert] = step + 1 + kRest + static_cast<std::uint32_t>(rng_.Below(kRest + 1));
  }
}

}  // namespace switchyard
