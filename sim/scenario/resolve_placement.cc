// Where experts live: slots, replicas, files, moves.
#include <algorithm>
#include <string>

#include "scenarios/schema/scenario.pb.h"
#include "sim/base/check.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

// The schema's names are those of the table of policies.
PlacementKind ToKind(pb::Placement::Policy policy) {
  const auto* value = pb::Placement::Policy_descriptor()->FindValueByNumber(policy);
  const auto kind = PlacementKindOf(EnumName(*value));
  SWITCHYARD_CHECK(kind.has_value(), "a placement policy of the schema is not in the table");
  return *kind;
}

ReplicaChoice ToSplit(pb::Placement::Split split) {
  switch (split) {
    case pb::Placement::BY_TOKEN:
      return ReplicaChoice::kByToken;
    case pb::Placement::LOCAL_FIRST:
      return ReplicaChoice::kLocalFirst;
    case pb::Placement::LP:
      return ReplicaChoice::kLp;
    case pb::Placement::BY_SENDER:
    case pb::Placement::SPLIT_UNSPECIFIED:
      break;
  }
  return ReplicaChoice::kBySender;
}

// Whole slots on every rank, and expert ids of 16 bits for slots too.
void CheckSlots(const pb::Scenario& message, std::uint32_t redundant, const std::string& path,
                const Resolution& at) {
  constexpr std::uint32_t kMostSlots = 65534;
  if (!at.problems.Usable({"parallelism.expert", "model.moe.num_experts", path})) return;
  const std::uint32_t ranks = message.parallelism().expert();
  const std::uint32_t experts = message.model().moe().num_experts();
  if (ranks == 0 || experts == 0) return;
  const std::uint32_t slots = experts + redundant;
  if (slots > kMostSlots) {
    at.Error(path, std::to_string(experts) + " experts and " + std::to_string(redundant) +
                       " redundant ones are more than " + std::to_string(kMostSlots) + " slots");
  } else if (redundant > 0 && slots % ranks != 0) {
    const std::uint32_t below = slots - slots % ranks;
    const std::string lower =
        below >= experts ? std::to_string(below - experts) + " or " : std::string();
    at.Error(path, std::to_string(experts) + " experts and " + std::to_string(redundant) +
                       " redundant ones do not make equally many slots on " +
                       std::to_string(ranks) + " ranks; the nearest that do: " + lower +
                       std::to_string(below + ranks - experts));
  } else if (redundant > 0 && slots / ranks > experts) {
    at.Error(path, std::to_string(slots / ranks) + " slots on each rank for " +
                       std::to_string(experts) + " experts: more than one copy of each");
  }
}

void CheckRules(const pb::Scenario& message, const Resolution& at) {
  const pb::Placement& placement = message.placement();
  if (placement.max_moved() < 1 && !placement.has_current()) {
    at.Error("placement.max_moved", "needs placement.current: where experts move from");
  }
  if (!placement.has_max_replicas() || placement.has_file() ||
      !at.problems.Usable({"placement.max_replicas", "parallelism.expert"}) ||
      !at.problems.Usable({"model.moe.num_experts", "placement.redundant_experts"})) {
    return;
  }
  const std::uint64_t experts = message.model().moe().num_experts();
  const std::uint64_t slots = std::max<std::uint64_t>(experts + placement.redundant_experts(),
                                                      message.parallelism().expert());
  if (experts == 0 || experts * placement.max_replicas() >= slots) return;
  at.Error("placement.max_replicas", std::to_string(experts) + " experts with at most " +
                                         std::to_string(placement.max_replicas()) +
                                         " replicas do not fill " + std::to_string(slots) +
                                         " slots; at least " +
                                         std::to_string((slots + experts - 1) / experts));
}

void CheckSource(const pb::Placement& placement, const Resolution& at) {
  const bool file = placement.has_file();
  if (file && at.locations.Has("placement.policy")) {
    at.Error("placement.file", "and placement.policy: say one of them");
  }
  if (file && at.locations.Has("placement.redundant_experts")) {
    at.Error("placement.redundant_experts", "is what placement.file says; leave it out");
  }
  if (!file && placement.policy() == pb::Placement::INCREMENTAL && !placement.has_current()) {
    at.Error("placement.policy", "incremental needs placement.current: where experts are now");
  }
  if (placement.has_migration() && !placement.has_current() &&
      !at.locations.Has("placement.replanning")) {
    at.Error("placement.migration",
             "needs placement.current, where experts come from, or placement.replanning");
  }
}

void CheckSplit(const pb::Scenario& message, const Resolution& at) {
  const pb::Placement& placement = message.placement();
  if (!at.problems.Usable({"placement.split"})) return;
  const pb::Placement::Split split = placement.split();
  if (split == pb::Placement::BY_SENDER) return;
  if (at.problems.Usable({"capacity.pad"}) && message.capacity().pad()) {
    at.Error("placement.split",
             "must be by_sender with capacity.pad: a sender pads one buffer for each expert");
  }
  if (at.problems.Usable({"capacity.rule"}) &&
      message.capacity().rule() == pb::Capacity::SENDER_DESTINATION) {
    at.Error("placement.split",
             "must be by_sender with capacity.rule: sender_destination, which drops by destination "
             "before tokens are divided");
  }
}

// No plan is there without a number to compare.
ReplanningSpec ResolveReplanning(pb::Scenario& message, const Resolution& at) {
  constexpr std::uint32_t kOften = 4;
  constexpr std::uint32_t kSeldom = 16;
  pb::Placement::Replanning& replanning = *message.mutable_placement()->mutable_replanning();
  if (replanning.every().empty()) {
    replanning.add_every(kOften);
    replanning.add_every(kSeldom);
  }
  if (replanning.policies().empty()) {
    replanning.add_policies(pb::Placement::EPLB);
    replanning.add_policies(pb::Placement::INCREMENTAL);
  }
  if (replanning.redundant_experts().empty()) {
    replanning.add_redundant_experts(message.placement().redundant_experts());
  }
  const bool given = at.locations.Has("placement.replanning.redundant_experts");
  ReplanningSpec spec;
  spec.steps = replanning.steps();
  spec.every.assign(replanning.every().begin(), replanning.every().end());
  for (const std::uint32_t redundant : replanning.redundant_experts()) {
    if (given) CheckSlots(message, redundant, "placement.replanning.redundant_experts", at);
    spec.redundant_experts.push_back(redundant);
  }
  for (const int policy : replanning.policies()) {
    spec.policies.push_back(ToKind(static_cast<pb::Placement::Policy>(policy)));
  }
  if (replanning.has_history()) spec.history = replanning.history();
  return spec;
}

}  // namespace

PlacementSpec ResolvePlacement(pb::Scenario& message, const Resolution& at) {
  if (!at.problems.Usable({"placement"})) return {};
  CheckSource(message.placement(), at);
  CheckRules(message, at);
  CheckSlots(message, message.placement().redundant_experts(), "placement.redundant_experts", at);
  CheckSplit(message, at);
  PlacementSpec spec;
  spec.replanning = ResolveReplanning(message, at);
  if (message.placement().has_file()) {  // so that the resolved scenario can be loaded again
    message.mutable_placement()->clear_policy();
    message.mutable_placement()->clear_redundant_experts();
  }
  const pb::Placement& from = message.placement();
  spec.policy = ToKind(from.policy());
  spec.file = from.file();
  spec.redundant_experts = from.redundant_experts();
  spec.split = ToSplit(from.split());
  if (from.has_max_replicas()) spec.max_replicas = from.max_replicas();
  spec.distinct_nodes = from.distinct_nodes();
  spec.loads = from.loads();
  spec.fit_windows = from.fit_windows();
  spec.held_out_windows = from.held_out_windows();
  spec.iterations = from.iterations();
  spec.current = from.current();
  spec.max_moved = from.max_moved();
  if (from.has_migration()) {
    spec.migration = MigrationSpec{from.migration().mode() == pb::Placement::Migration::OVERLAPPED
                                       ? MigrationMode::kOverlapped
                                       : MigrationMode::kBlocking,
                                   from.migration().layers_per_step()};
  }
  const pb::Placement::Weights& weights = from.weights();
  spec.weights = {weights.compute(), weights.inter_node(), weights.intra_node(),
                  weights.migration()};
  return spec;
}

}  // namespace switchyard
