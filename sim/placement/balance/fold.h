// Two slots a rank: which replica counts allow which largest load.
//
// For given counts the heaviest replica belongs with the lightest, the second with the second, and
// so on ("folding"): exchanging partners in any other pairing never makes its heaviest pair
// heavier. So only the counts are left to choose. With a limit on the load of a rank, a replica
// above half of it is large and needs a partner of at most limit - load; folding succeeds exactly
// when for every a up to limit / 2 there are at least as many small replicas up to a as large ones
// that need one up to a (Hall's condition for nested neighbourhoods). FoldGrid holds, for one
// limit, every expert's options, and the thresholds a that matter, as bins.
//
//   const FoldGrid grid = MakeFoldGrid({loads, 2 * ranks, ranks}, limit, kNarrowFold);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace switchyard {

// So many fit the 16 bits of the search (fold_repair.h), with room for one exchange.
inline constexpr std::uint32_t kMostFoldSlots = 16000;

struct FoldProblem {
  std::span<const double> loads;  // [experts]
  std::uint32_t slots = 0;        // even, at least experts
  std::uint32_t cap = 1;          // of replicas of one expert
};

// The fewest replicas of an expert that are none above `limit`; rounding may not raise it.
[[nodiscard]] double LeastCount(double load, double limit);

// The largest pair when replicas are folded. The counts' sum is even.
[[nodiscard]] double FoldedLoad(std::span<const double> loads,
                                std::span<const std::uint32_t> counts);

struct FoldOption {
  std::uint32_t expert = 0;
  std::uint32_t count = 0;
  std::uint32_t bin = 0;    // from this threshold on it counts,
  std::int32_t supply = 0;  // with so many partners (count), or needs of one (-count)
};

struct FoldGrid {
  double limit = 0;
  std::uint32_t bins = 0;
  std::vector<double> starts;        // [bins] the threshold from which a bin counts, ascending
  std::vector<FoldOption> options;   // expert by expert, counts ascending
  std::vector<std::uint32_t> first;  // [experts + 1] into options

  [[nodiscard]] std::span<const FoldOption> Of(std::uint32_t e) const {
    return {options.data() + first[e], first[e + 1] - first[e]};
  }
  // The bin that counts at a threshold; below all starts the first.
  [[nodiscard]] std::uint32_t BinAt(double threshold) const;
  // Every expert has an option.
  [[nodiscard]] bool Possible() const;
  // Of an expert's options the one whose count is nearest (index into options).
  [[nodiscard]] std::uint32_t Nearest(std::uint32_t e, std::uint32_t count) const;
};

// An expert's options: from the fewest replicas on, `width` more, and so many more than make its
// replicas small. More counts than kNarrowFold help little: on the synthetic loads the linear
// program's least limit falls by 0.1 % at most when all counts are allowed.
inline constexpr std::uint32_t kNarrowFold = 4;
[[nodiscard]] FoldGrid MakeFoldGrid(const FoldProblem& problem, double limit, std::uint32_t width);

}  // namespace switchyard
