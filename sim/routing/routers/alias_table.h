// Draws an index in proportion to its weight in constant time (Walker 1977; Vose, IEEE TSE 1991).
//
//   AliasTable table(weights);
//   std::uint32_t i = table.Draw(rng);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/int128.h"
#include "sim/base/rng.h"

namespace switchyard {

class AliasTable {
 public:
  // Weights are positive and finite; at least one.
  explicit AliasTable(std::span<const double> weights);

  // One random word: its product with n holds the column above 64 bits and the coin below.
  [[nodiscard]] std::uint32_t Draw(Rng& rng) const {
    const auto product = static_cast<Uint128>(rng.Next()) * columns_.size();
    const auto i = static_cast<std::uint32_t>(product >> 64);
    const Column& column = columns_[i];
    return static_cast<std::uint64_t>(product) < column.threshold ? i : column.alias;
  }

 private:
  struct Column {
    std::uint64_t threshold = 0;  // 2^64 times the probability of keeping the column itself
    std::uint32_t alias = 0;
  };
  std::vector<Column> columns_;
};

}  // namespace switchyard
