// Where tokens go and which are dropped: capacity and communication.
#include "scenarios/schema/scenario.pb.h"
#include "sim/base/rational.h"
#include "sim/scenario/resolve.h"

namespace switchyard {
namespace {

CapacityRuleKind ToRule(pb::Capacity::Rule rule) {
  switch (rule) {
    case pb::Capacity::POSITION:
      return CapacityRuleKind::kPosition;
    case pb::Capacity::PROBABILITY:
      return CapacityRuleKind::kProbability;
    case pb::Capacity::SENDER_DESTINATION:
      return CapacityRuleKind::kSenderDestination;
    case pb::Capacity::DROPLESS:
    case pb::Capacity::UNSPECIFIED:
      break;
  }
  return CapacityRuleKind::kDropless;
}

AllToAllForm ToForm(pb::Communication::AllToAll form) {
  switch (form) {
    case pb::Communication::FLAT:
      return AllToAllForm::kFlat;
    case pb::Communication::NODE_DEDUP:
      return AllToAllForm::kNodeDedup;
    case pb::Communication::RANK_DEDUP:
    case pb::Communication::UNSPECIFIED:
      break;
  }
  return AllToAllForm::kRankDedup;
}

constexpr int kMaxFactor = 4096;  // Moe.num_experts in scenarios/schema/model.proto

void CheckFactor(pb::Capacity& capacity, bool rule_given, const Resolution& at) {
  if (!at.problems.Usable({"capacity.rule", "capacity.factor"})) return;
  if (capacity.rule() == pb::Capacity::DROPLESS) {
    if (capacity.has_factor() && !rule_given) {
      at.Error("capacity.factor",
               "has no effect without a rule that drops: set capacity.rule to position, "
               "probability or sender_destination (or to dropless)");
    }
    capacity.clear_factor();
  } else if (!capacity.has_factor()) {
    at.Error("capacity", "every rule but dropless needs 'factor'");
  } else if (Rational::Parse(capacity.factor())->numerator == 0) {
    at.Error("capacity.factor", "must be above 0");
  } else if (Rational::Parse(capacity.factor())->ToDouble() > kMaxFactor) {
    at.Error("capacity.factor", "must be at most " + std::to_string(kMaxFactor) +
                                    ", the most experts a layer has: nothing is dropped above");
  }
}

// A sender pads at most its own tokens for each expert of a receiver; copies are counted in 31
// bits.
void CheckPaddedCopies(const pb::Scenario& message, const Resolution& at) {
  const bool known = at.problems.Usable({"workload.tokens_per_device", "model.moe.num_experts"}) &&
                     at.problems.Usable({"parallelism.expert"}) &&
                     message.parallelism().expert() > 0;
  if (!known) return;
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 31) - 1;
  const std::uint64_t ranks = message.parallelism().expert();
  const std::uint64_t experts = (message.model().moe().num_experts() + ranks - 1) / ranks;
  const std::uint64_t tokens = message.workload().tokens_per_device();
  if (tokens * experts <= kMost) return;
  at.Error("capacity.pad", std::to_string(tokens) + " tokens of a device times " +
                               std::to_string(experts) +
                               " experts of another are more than 2^31 - 1 padded copies");
}

void CheckPadding(const pb::Scenario& message, const Resolution& at) {
  const pb::Capacity& capacity = message.capacity();
  if (!at.problems.Usable({"capacity.pad"}) || !capacity.pad()) return;
  CheckPaddedCopies(message, at);
  const bool fixed_buffers =
      capacity.rule() == pb::Capacity::POSITION || capacity.rule() == pb::Capacity::PROBABILITY;
  if (at.problems.Usable({"capacity.rule"}) && !fixed_buffers) {
    at.Error("capacity.pad",
             "needs capacity.rule: position or probability; only they give every expert a buffer "
             "of fixed size to fill");
    return;
  }
  if (at.problems.Usable({"capacity.group"}) && capacity.group() != pb::Capacity::SENDER) {
    at.Error("capacity.pad",
             "needs capacity.group: sender; a buffer that all senders share has no size per "
             "sender to fill up to");
  }
  if (at.problems.Usable({"communication.all_to_all"}) &&
      message.communication().all_to_all() != pb::Communication::FLAT) {
    at.Error("capacity.pad",
             "needs communication.all_to_all: flat; a padded slot belongs to one expert, so no "
             "copy can serve several");
  }
}

bool HasNvLink(const pb::Node& node) {
  const auto& links = node.links();
  return node.has_nvlink() || node.has_nvlink_mesh() ||
         std::any_of(links.begin(), links.end(),
                     [](const pb::NodeLink& link) { return link.tier() == pb::NodeLink::NVLINK; });
}

}  // namespace

CapacitySpec ResolveCapacity(pb::Scenario& message, const Resolution& at) {
  pb::Capacity& capacity = *message.mutable_capacity();
  const bool rule_given = at.locations.Has("capacity.rule");
  CheckFactor(capacity, rule_given, at);
  CheckPadding(message, at);
  CapacitySpec spec;
  spec.rule = ToRule(capacity.rule());
  if (capacity.has_factor()) spec.factor = Rational::Parse(capacity.factor()).value_or(spec.factor);
  spec.group =
      capacity.group() == pb::Capacity::SENDER ? CapacityGroup::kSender : CapacityGroup::kGlobal;
  spec.order = capacity.order() == pb::Capacity::TOKEN_MAJOR ? CapacityOrder::kTokenMajor
                                                             : CapacityOrder::kChoiceMajor;
  spec.pad = capacity.pad();
  return spec;
}

Communication ResolveCommunication(const pb::Scenario& message, const Resolution& at) {
  const pb::Communication& from = message.communication();
  const bool node_dedup = from.all_to_all() == pb::Communication::NODE_DEDUP;
  if (at.problems.Usable({"communication.all_to_all"})) {
    if (node_dedup && at.problems.Usable({"cluster.node.nvlink"}) &&
        !HasNvLink(message.cluster().node())) {
      at.Error("communication.all_to_all",
               "node_dedup forwards over NVLink, but the cluster has none (cluster.node.nvlink)");
    }
    if (!node_dedup && at.problems.Usable({"communication.forwarding"}) &&
        from.forwarding() == pb::Communication::STORE_AND_FORWARD) {
      at.Error("communication.forwarding",
               "store_and_forward needs communication.all_to_all: node_dedup; the other forms "
               "forward nothing");
    }
  }
  Communication spec;
  spec.all_to_all = ToForm(from.all_to_all());
  spec.dispatch_dtype = ToDtype(from.dispatch_dtype());
  spec.combine_dtype = ToDtype(from.combine_dtype());
  spec.scale_block = from.scale_block();
  spec.metadata = Bytes{from.metadata_bytes()};
  spec.launch_overhead = Seconds{from.launch_overhead()};
  spec.forwarding = from.forwarding() == pb::Communication::STORE_AND_FORWARD
                        ? Forwarding::kStoreAndForward
                        : Forwarding::kPipelined;
  return spec;
}

}  // namespace switchyard
