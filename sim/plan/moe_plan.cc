#include "sim/plan/moe_plan.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "sim/base/check.h"
#include "sim/plan/experts/place_experts.h"
#include "sim/plan/traffic/replica_choice.h"
#include "sim/routing/expert_router.h"

namespace switchyard {
namespace {

// Some ranks' share of a step's tokens: micro-batch `micro_batch` of the tokens of `ranks` ranks
// from `first_rank` on, ordered by rank.
struct Share {
  std::uint32_t first_rank;
  std::uint32_t ranks;
  std::uint32_t tokens_per_rank;  // in all micro-batches
  std::uint32_t micro_batches;
  std::uint32_t micro_batch;
};

LayerRoutes Take(const LayerRoutes& all, const Share& share) {
  const std::size_t k = all.top_k;
  const std::uint32_t tokens = share.tokens_per_rank / share.micro_batches;
  LayerRoutes part{share.ranks * tokens, all.top_k, all.num_experts, {}, {}};
  part.expert.reserve(part.tokens * k);
  if (!all.weight.empty()) part.weight.reserve(part.tokens * k);
  for (std::uint32_t r = 0; r < share.ranks; ++r) {
    const std::size_t token = std::size_t{share.first_rank + r} * share.tokens_per_rank +
                              std::size_t{share.micro_batch} * tokens;
    const auto begin = static_cast<std::ptrdiff_t>(token * k);
    const auto end = begin + static_cast<std::ptrdiff_t>(tokens * k);
    part.expert.insert(part.expert.end(), all.expert.begin() + begin, all.expert.begin() + end);
    if (all.weight.empty()) continue;
    part.weight.insert(part.weight.end(), all.weight.begin() + begin, all.weight.begin() + end);
  }
  return part;
}

// The parts of a plan that are the same for every layer and group.
struct Planner {
  const Scenario& scenario;
  std::unique_ptr<CapacityRule> capacity;
  std::unique_ptr<TrafficForm> form;
  RankLayout layout;  // of one group

  // Adds the part of the group that begins at `first_device`.
  void Plan(const LayerRoutes& routes, const Placement& placement, std::uint32_t first_device,
            MoeLayerPlan& plan) const;

 private:
  void CountChoices(const LayerRoutes& routes, const KeptMask& kept, const Placement& placement,
                    std::size_t first_slot, MoeLayerPlan& plan) const;
  void Pad(const Placement& placement, std::size_t first_slot, MoeLayerPlan& plan) const;
};

// Counters of a group's slots, and the slot that each expert has for the present sender.
struct SlotCounts {
  const std::uint32_t* slot_of;
  std::uint32_t* chosen;
  std::uint32_t* computed;
};

// Returns 1 when none of the token's choices is kept.
std::uint64_t CountToken(std::span<const ExpertIndex> choices, const std::uint8_t* is_kept,
                         const SlotCounts& counts, MoeLayerPlan& plan) {
  std::uint32_t kept = 0;
  for (std::size_t j = 0; j < choices.size(); ++j) {
    if (choices[j] == kNoExpert) {
      ++plan.absent;
      continue;
    }
    const std::uint32_t one = is_kept[j] != 0 ? 1 : 0;
    const std::uint32_t slot = counts.slot_of[choices[j]];
    ++counts.chosen[slot];
    counts.computed[slot] += one;
    plan.dropped += 1 - one;
    kept += one;
  }
  return kept > 0 ? 0 : 1;
}

void Planner::Plan(const LayerRoutes& routes, const Placement& placement,
                   std::uint32_t first_device, MoeLayerPlan& plan) const {
  const CapacityContext context{layout.ranks, layout.tokens_per_rank,
                                [&placement](std::uint32_t sender, ExpertIndex expert) {
                                  return placement.RankOf(placement.SlotFor(expert, sender));
                                }};
  const KeptMask kept = capacity->Keep(routes, context);
  const std::size_t first_slot = std::size_t{first_device} * placement.slots_per_rank();
  const ReplicaChoice split = scenario.placement.split;
  const std::size_t first_copy = plan.copies.size();
  const auto count = [&](const LayerRoutes& choices, const Placement& of) {
    CountChoices(choices, kept, of, first_slot, plan);
    if (scenario.capacity.pad) return Pad(of, first_slot, plan);
    const std::vector<Copies> copies = form->Count(choices, kept, of, layout);
    plan.copies.insert(plan.copies.end(), copies.begin(), copies.end());
  };
  if (placement.unique() || split == ReplicaChoice::kBySender) {
    count(routes, placement);
  } else {
    count(ChooseReplicas(routes, kept, placement, layout, split), SlotPlacement(placement));
  }
  for (std::size_t i = first_copy; i < plan.copies.size(); ++i) {
    plan.copies[i].from = static_cast<std::uint16_t>(plan.copies[i].from + first_device);
    plan.copies[i].to = static_cast<std::uint16_t>(plan.copies[i].to + first_device);
  }
}

void Planner::CountChoices(const LayerRoutes& routes, const KeptMask& kept,
                           const Placement& placement, std::size_t first_slot,
                           MoeLayerPlan& plan) const {
  SlotTable table(placement);
  std::uint32_t* const chosen = plan.chosen.data() + first_slot;
  std::uint32_t* const computed = plan.kept.data() + first_slot;
  const std::size_t of_rank = std::size_t{layout.tokens_per_rank} * routes.top_k;
  for (std::uint32_t from = 0; from < layout.ranks; ++from) {
    table.SelectSender(from);
    const std::uint32_t* const slot_of = table.slots().data();
    const ExpertIndex* const choices = routes.expert.data() + from * of_rank;
    if (kept.empty()) {
      for (std::size_t i = 0; i < of_rank; ++i) ++chosen[slot_of[choices[i]]];
      continue;
    }
    const std::uint8_t* const is_kept = kept.data() + from * of_rank;
    for (std::size_t i = 0; i < of_rank; i += routes.top_k) {
      plan.tokens_fully_dropped +=
          CountToken({choices + i, routes.top_k}, is_kept + i, {slot_of, chosen, computed}, plan);
    }
  }
  for (std::size_t s = 0; s < placement.num_slots(); ++s) {
    if (kept.empty()) computed[s] = chosen[s];
    plan.rows[first_slot + s] = computed[s];
  }
}

// Every sender fills its buffer for every expert to the capacity (GShard, arXiv 2006.16668: the
// dispatch tensor has experts x capacity rows whatever was routed); padding rows are sent and
// computed like real ones.
void Planner::Pad(const Placement& placement, std::size_t first_slot, MoeLayerPlan& plan) const {
  // No expert can get more rows from a sender than the sender has tokens; with that bound all
  // counts stay below 2^32.
  const MoeSpec& moe = *scenario.model.moe;
  const std::uint64_t capacity_rows =
      ExpertCapacity(scenario.capacity.factor, layout.tokens_per_rank, moe.top_k, moe.num_experts);
  const auto rows =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity_rows, layout.tokens_per_rank));
  std::fill_n(plan.rows.begin() + static_cast<std::ptrdiff_t>(first_slot), placement.num_slots(),
              0u);
  std::vector<std::uint32_t> to_rank(layout.ranks);
  for (std::uint32_t from = 0; from < layout.ranks; ++from) {
    std::fill(to_rank.begin(), to_rank.end(), 0u);
    for (std::uint32_t e = 0; e < moe.num_experts; ++e) {
      const std::uint32_t slot = placement.SlotFor(e, from);
      plan.rows[first_slot + slot] += rows;
      to_rank[placement.RankOf(slot)] += rows;
    }
    for (std::uint32_t to = 0; to < layout.ranks; ++to) {
      if (from != to && to_rank[to] > 0)
        plan.copies.push_back(MakeCopies(from, to, to_rank[to], 0));
    }
  }
}

using RouteLayer = std::function<LayerRoutes(std::uint32_t)>;

// From the scenario's own routing source.
Result<RouteLayer> RoutesOf(const Scenario& scenario) {
  const MoeSpec& moe = *scenario.model.moe;
  const RoutingShape shape{scenario.model.NumMoeLayers(),
                           scenario.cluster.NumDevices() * scenario.workload.tokens_per_device,
                           moe.num_experts,
                           moe.top_k,
                           moe.num_groups,
                           moe.topk_groups};
  auto made = MakeExpertRouter(scenario.routing, shape, scenario.seed);
  if (!made.ok()) return made.errors();
  std::shared_ptr<const ExpertRouter> router = std::move(made).value();
  return RouteLayer([router](std::uint32_t layer) { return router->Route(layer); });
}

Diagnostics VerifyAll(const LayerPlacements& placements, std::uint32_t experts) {
  Diagnostics problems;
  for (const Placement& placement : placements) {
    const Diagnostics of_layer = Verify(placement, experts);
    problems.insert(problems.end(), of_layer.begin(), of_layer.end());
  }
  return problems;
}

// From the current placements to those of the plan, as far as this step goes.
Result<void> AddMigration(const Scenario& scenario, const PlanInputs& inputs, MoePlan& plan) {
  Result<LayerPlacements> current =
      inputs.current != nullptr ? *inputs.current
                                : CurrentPlacements(scenario, plan.placements.front().num_slots());
  if (!current.ok()) return current.errors();
  if (current.value().empty()) return {};  // only replanning moves
  MigrationStep step = StepOfMigration(current.value(), plan.placements,
                                       *scenario.placement.migration, scenario.cluster.node.gpus);
  plan.placements = std::move(step.placements);
  plan.moves = std::move(step.moves);
  plan.moves_block = scenario.placement.migration->mode == MigrationMode::kBlocking;
  return {};
}

MoeLayerPlan EmptyLayer(std::size_t slots) {
  MoeLayerPlan layer;
  layer.chosen.resize(slots);
  layer.kept.resize(slots);
  layer.rows.resize(slots);
  return layer;
}

}  // namespace

Result<MoePlan> PlanExperts(const Scenario& scenario) { return PlanExperts(scenario, {}); }

Result<MoePlan> PlanExperts(const Scenario& scenario, const PlanInputs& inputs) {
  MoePlan plan;
  plan.micro_batches = scenario.workload.micro_batches;
  if (!scenario.model.moe) return plan;
  const std::uint32_t devices = scenario.cluster.NumDevices();
  const std::uint32_t ranks = scenario.parallelism.expert;
  const std::uint32_t tokens_per_rank = scenario.workload.tokens_per_device;
  plan.moe_layers = scenario.model.NumMoeLayers();
  plan.groups = devices / ranks;
  Result<LayerPlacements> placed =
      inputs.placements != nullptr ? *inputs.placements : PlaceExperts(scenario);
  if (!placed.ok()) return placed.errors();
  plan.placements = std::move(placed).value();
  if (scenario.placement.migration) {
    const Result<void> moved = AddMigration(scenario, inputs, plan);
    if (!moved.ok()) return moved.errors();
  }
  const Diagnostics misplaced = VerifyAll(plan.placements, scenario.model.moe->num_experts);
  SWITCHYARD_CHECK(misplaced.empty(), ToString(misplaced));
  SWITCHYARD_CHECK(plan.placements.size() == plan.moe_layers, "a placement for every MoE layer");

  Result<RouteLayer> route = inputs.routes ? inputs.routes : RoutesOf(scenario);
  if (!route.ok()) return route.errors();
  const Planner planner{scenario,
                        MakeCapacityRule(scenario.capacity),
                        MakeTrafficForm(scenario.communication.all_to_all),
                        {ranks, scenario.cluster.node.gpus, tokens_per_rank / plan.micro_batches}};
  const bool whole = plan.groups == 1 && plan.micro_batches == 1;
  const std::size_t slots = std::size_t{devices} * plan.slots_per_rank();
  for (std::uint32_t layer = 0; layer < plan.moe_layers; ++layer) {
    const LayerRoutes routes = route.value()(layer);
    for (std::uint32_t m = 0; m < plan.micro_batches; ++m) {
      MoeLayerPlan& part = plan.layers.emplace_back(EmptyLayer(slots));
      for (std::uint32_t first = 0; first < devices; first += ranks) {
        const Share share{first, ranks, tokens_per_rank, plan.micro_batches, m};
        planner.Plan(whole ? routes : Take(routes, share), plan.placements[layer], first, part);
      }
      part.copies.shrink_to_fit();
    }
  }
  return plan;
}

}  // namespace switchyard
