// How many of an expert's tokens each of its replicas serves, in whole tokens.
//
//   TokenSplitter splitter(placement);
//   splitter.Split(counts, TokenSplit::kLp);     // counts[experts], tokens that chose each
//   splitter.served()[slot];                     // adds up to the expert's count over its slots
//
// For batch after batch of one placement; no allocation after the first.
#pragma once

#include <cstdint>
#include <span>

#include "sim/placement/evaluate.h"
#include "sim/placement/placement.h"
#include "sim/placement/split/replica_flow.h"

namespace switchyard {

// Contract: served() >= 0; over the slots of an expert it sums to its count; empty slots serve 0.
// Deterministic: the same placement and counts give the same split.
//   kUniform: counts / replicas, the rest one each to its replicas in turn, from replica
//     (expert mod replicas) on, so that the rests of many experts do not meet on the first rank.
//   kLp: the largest rank load is the least that whole tokens allow, less than one token above the
//     LP's (split/replica_flow.h); which of several such splits is not specified.
//   kLocalFirst needs senders: std::logic_error.
class TokenSplitter {
 public:
  explicit TokenSplitter(const Placement& placement);

  void Split(std::span<const std::int64_t> counts, TokenSplit split);
  [[nodiscard]] std::span<const std::int64_t> served() const { return served_; }

 private:
  void SplitUniformly(std::span<const std::int64_t> counts);

  Placement placement_;
  ReplicaFlow<std::int64_t> flow_;
  std::vector<std::int64_t> served_;
};

// The same for one batch.
[[nodiscard]] std::vector<std::int64_t> SplitTokens(const Placement& placement,
                                                    std::span<const std::int64_t> counts,
                                                    TokenSplit split);

}  // namespace switchyard
