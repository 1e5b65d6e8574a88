// How many copies of tokens travel between which ranks for one MoE layer: router decisions made
// network traffic.
//
// The same copies serve dispatch (sender to expert) and combine (back, hops reversed): a form that
// deduplicates on the way out reduces on the way back.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/placement.h"
#include "sim/routing/routes.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// `count` token copies from rank `from` to rank `to`, different ranks. On hop 1 `from` forwards
// what it received. Eight bytes: a step keeps the copies of all its layers.
struct Copies {
  std::uint16_t from = 0;
  std::uint16_t to = 0;
  std::uint32_t count : 31 = 0;
  std::uint32_t hop : 1 = 0;
};
[[nodiscard]] inline Copies MakeCopies(std::uint32_t from, std::uint32_t to, std::uint32_t count,
                                       std::uint32_t hop) {
  SWITCHYARD_CHECK(count >> 31 == 0, "more copies than fit 31 bits");
  Copies copies;
  copies.from = static_cast<std::uint16_t>(from);
  copies.to = static_cast<std::uint16_t>(to);
  copies.count = count & 0x7fffffff;
  copies.hop = hop & 1;
  return copies;
}

// The ranks of one expert-parallel group and where they are: rank r sits in node r /
// ranks_per_node.
struct RankLayout {
  std::uint32_t ranks = 0;
  std::uint32_t ranks_per_node = 0;
  std::uint32_t tokens_per_rank = 0;  // token t is sent by rank t / tokens_per_rank
};

// Contract: pure; no entry with from == to or count 0, entries sorted by (hop, from, to), each pair
// once per hop. Only kept choices travel.
class TrafficForm {
 public:
  virtual ~TrafficForm() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::vector<Copies> Count(const LayerRoutes& routes, const KeptMask& kept,
                                                  const Placement& placement,
                                                  const RankLayout& layout) const = 0;
};

[[nodiscard]] std::unique_ptr<TrafficForm> MakeTrafficForm(AllToAllForm form);

}  // namespace switchyard
