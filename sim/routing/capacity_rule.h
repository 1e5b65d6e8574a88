// Which choices an expert's finite buffer drops. One file per policy in capacity/, one line each in
// registry.cc.
//
// A dropped choice sends no bytes and costs no expert FLOPs; the token itself goes on along the
// residual stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/rational.h"
#include "sim/routing/routes.h"

namespace switchyard {

enum class CapacityRuleKind : std::uint8_t {
  kDropless,
  kPosition,
  kProbability,
  kSenderDestination
};
enum class CapacityGroup : std::uint8_t { kGlobal, kSender };
enum class CapacityOrder : std::uint8_t { kTokenMajor, kChoiceMajor };

struct CapacitySpec {
  CapacityRuleKind rule = CapacityRuleKind::kDropless;
  Rational factor{1, 1};
  CapacityGroup group = CapacityGroup::kGlobal;
  CapacityOrder order = CapacityOrder::kChoiceMajor;
  bool pad = false;
};

// Who sends what where, as far as a rule needs it.
struct CapacityContext {
  std::uint32_t ranks = 1;            // of the expert-parallel group
  std::uint32_t tokens_per_rank = 0;  // token t is sent by rank t / tokens_per_rank
  // The rank that computes the choices of an expert by a sender; below `ranks`.
  std::function<std::uint32_t(std::uint32_t sender, ExpertIndex expert)> rank_for;
};

// Slots of one expert for `tokens` competing tokens: ceil(factor * tokens * top_k / num_experts),
// exact (GShard, arXiv 2006.16668; Switch, arXiv 2101.03961; rounding as Megatron-Core).
[[nodiscard]] std::uint64_t ExpertCapacity(Rational factor, std::uint64_t tokens,
                                           std::uint32_t top_k, std::uint32_t num_experts);

// Contract: pure; returns one entry per choice of `routes`, or none when all are kept. kNoExpert
// choices are never kept. No expert (or no (sender, destination) pair, for that rule) keeps more
// than its capacity; ties go to the lower token, then the lower choice.
class CapacityRule {
 public:
  virtual ~CapacityRule() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual KeptMask Keep(const LayerRoutes& routes,
                                      const CapacityContext& context) const = 0;
};

[[nodiscard]] std::unique_ptr<CapacityRule> MakeCapacityRule(const CapacitySpec& spec);

}  // namespace switchyard
