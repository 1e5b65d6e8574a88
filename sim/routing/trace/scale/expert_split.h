// Which part of a split expert a token goes to (trace_scale.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"

namespace switchyard {

// What decides for one choice.
struct SplitKey {
  ExpertIndex expert = 0;
  std::uint32_t partner = 0;  // below the number of partners
  std::uint64_t further = 0;  // decides where the partner is too frequent to decide alone
};

class ExpertSplit {
 public:
  // Expert e becomes the parts floor(e * parts / experts) to floor((e + 1) * parts / experts) - 1.
  ExpertSplit(std::uint32_t experts, std::uint32_t parts, std::uint32_t partners,
              std::uint64_t seed);

  // First every choice is counted, then the partners are spread, then every choice has its part.
  void Count(const SplitKey& key) { ++counts_[Row(key)]; }
  void Spread();
  [[nodiscard]] ExpertIndex PartOf(const SplitKey& key) const;

 private:
  [[nodiscard]] std::size_t Row(const SplitKey& key) const {
    return std::size_t{key.expert} * partners_ + key.partner;
  }
  [[nodiscard]] std::uint32_t FirstPart(std::uint32_t expert) const {
    return static_cast<std::uint32_t>(std::uint64_t{expert} * parts_ / experts_);
  }
  void SpreadExpert(std::uint32_t expert);

  std::uint32_t experts_;
  std::uint32_t parts_;
  std::uint32_t partners_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> counts_;  // [expert, partner]
  std::vector<std::uint32_t> part_;    // the same; kByHash
};

}  // namespace switchyard
