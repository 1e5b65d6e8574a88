// The traffic forms, one factory each; registry.cc lists them. And the dense counter they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/plan/traffic/copies.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<TrafficForm> MakeFlatForm();
[[nodiscard]] std::unique_ptr<TrafficForm> MakeRankDedupForm();
[[nodiscard]] std::unique_ptr<TrafficForm> MakeNodeDedupForm();

// Counts by (from, to) over all pairs of ranks; the matrix of one collective only.
class PairCounter {
 public:
  explicit PairCounter(std::uint32_t ranks) : ranks_(ranks), counts_(std::size_t{ranks} * ranks) {}

  void Add(std::uint32_t from, std::uint32_t to) { ++counts_[std::size_t{from} * ranks_ + to]; }
  // Appends the non-zero pairs of different ranks, sorted.
  void AppendTo(std::uint8_t hop, std::vector<Copies>& out) const;

 private:
  std::uint32_t ranks_;
  std::vector<std::uint32_t> counts_;
};

// Remembers which of `size` things were seen since the last Clear, in constant time each.
class SeenSet {
 public:
  explicit SeenSet(std::uint32_t size) : stamp_(size) {}
  void Clear() { ++now_; }
  // True the first time since Clear.
  bool Insert(std::uint32_t i) {
    if (stamp_[i] == now_) return false;
    stamp_[i] = now_;
    return true;
  }

 private:
  std::vector<std::uint32_t> stamp_;
  std::uint32_t now_ = 1;
};

}  // namespace switchyard
