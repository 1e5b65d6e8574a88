// Whole replica counts under which folding keeps a limit, by local search: from counts that nearly
// do (a rounded solution of the linear program), one expert gives a replica up and another takes
// it, whichever exchange leaves fewest partners missing. Where no exchange helps, the bins that
// lack partners weigh more from then on (breakout local search: Morris, AAAI 1993), and experts
// that just changed are left alone for some steps.
//
//   FoldRepair repair(problem, grid, seed);
//   if (repair.Run(counts, 300)) ...  // counts now keep grid.limit
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/balance/fold.h"

namespace switchyard {

class FoldRepair {
 public:
  // `grid` is Possible() and outlives this.
  FoldRepair(const FoldProblem& problem, const FoldGrid& grid, std::uint64_t seed);

  // Changes counts[experts] to the grid's nearest options, of sum problem.slots, and searches for
  // at most so many steps. True when the limit is kept; else the counts that came nearest. Steps do
  // not allocate.
  [[nodiscard]] bool Run(std::vector<std::uint32_t>& counts, std::uint32_t steps);
  // Steps of all runs so far.
  [[nodiscard]] std::uint32_t steps() const { return steps_done_; }

 private:
  // An expert takes the option next to its own.
  struct Change {
    std::int32_t missing;  // weighted, after this change alone
    std::uint32_t expert;
    std::uint32_t option;
  };
  // One list of changes in one direction, the best `kept` of them first, with what they change.
  struct Direction {
    std::vector<Change> changes;
    std::size_t kept = 0;
    std::vector<std::int16_t> deltas;  // [kShortlist, bins]
  };

  void Adopt(std::span<const std::uint32_t> counts);
  void FillSlots();
  void List(int direction, std::uint32_t step, Direction& list);
  [[nodiscard]] bool ChooseExchange(Change& less, Change& more);
  void Step(std::uint32_t step);
  void Apply(const Change& change);
  void WriteDelta(std::uint32_t from, std::uint32_t to, std::int16_t* delta) const;
  [[nodiscard]] std::int32_t Missing(const std::int16_t* first, const std::int16_t* second) const;
  [[nodiscard]] std::int32_t Unweighted() const;
  void Save(std::vector<std::uint32_t>& counts) const;

  const FoldProblem& problem_;
  const FoldGrid& grid_;
  Rng rng_;
  std::uint32_t steps_done_ = 0;
  std::vector<std::uint32_t> option_;   // [experts] what each has now
  std::vector<std::uint32_t> free_at_;  // [experts] first step in which it may change again
  std::vector<std::int16_t> left_;      // [bins] partners left over up to there; negative: missing
  std::vector<std::int16_t> weight_;    // [bins]
  std::vector<std::int16_t> none_;      // [bins] zeros
  std::vector<std::int16_t> delta_;     // [bins]
  Direction less_;
  Direction more_;
};

}  // namespace switchyard
