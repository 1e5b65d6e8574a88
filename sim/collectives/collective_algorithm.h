// How a collective of equal contributions becomes transfers between ranks. One file per algorithm,
// one line each in registry.cc. (All-to-alls of unequal sizes come from router decisions:
// sim/plan/traffic.)
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/graph/flows.h"
#include "topologies/platform.h"

namespace switchyard {

enum class CollectiveKind : std::uint8_t { kAllReduce, kReduceScatter, kAllGather, kAllToAll };

struct CollectiveRequest {
  CollectiveKind kind = CollectiveKind::kAllReduce;
  std::span<const DeviceId> ranks;  // in ring order
  // The full buffer: what each rank holds before an all-reduce, reduce-scatter or all-to-all (its
  // send buffer), and after an all-gather.
  Bytes bytes;
};

// Contract: pure; appends flows whose senders and receivers are the request's ranks. One rank moves
// nothing.
class CollectiveAlgorithm {
 public:
  virtual ~CollectiveAlgorithm() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  virtual void AppendFlows(const CollectiveRequest& request, const Platform& platform,
                           std::vector<Flow>& flows) const = 0;
  // Latency-bound steps one after the other, beyond the first: each costs a path latency that the
  // fluid flows do not see.
  [[nodiscard]] virtual std::uint32_t ExtraSteps(const CollectiveRequest& request) const = 0;
};

// nullptr for an unknown name (CollectiveAlgorithmNames lists them).
[[nodiscard]] std::unique_ptr<CollectiveAlgorithm> MakeCollectiveAlgorithm(std::string_view name);
[[nodiscard]] std::vector<std::string> CollectiveAlgorithmNames();

}  // namespace switchyard
