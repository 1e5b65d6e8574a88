// What a scenario says about its experts' places. Which policy, which rules, and how tokens are
// divided among replicas; files are read by whoever places the experts
// (sim/plan/experts/place_experts.h).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/placement/policy.h"

namespace switchyard {

// Which replica of an expert serves a choice.
enum class ReplicaChoice : std::uint8_t {
  kBySender,    // the same for all tokens of a rank, ranks in turn
  kByToken,     // tokens in turn: evenly, as EPLB assumes and SGLang's dynamic dispatch does on
                // average
  kLocalFirst,  // one on the sender's own rank, else in its node, else by sender (SGLang's static)
  kLp           // batch by batch so that the most loaded rank has least (DeepSeek's LPLB)
};

enum class MigrationMode : std::uint8_t {
  kBlocking,   // the step begins when all weights have arrived
  kOverlapped  // weights travel while the step runs
};
struct MigrationSpec {
  MigrationMode mode = MigrationMode::kBlocking;
  std::uint32_t layers_per_step = 0;  // 0: all
};

// Of the terms of the objective (objective.h), all in seconds.
struct ObjectiveWeights {
  double compute = 1;
  double inter_node = 1;
  double intra_node = 1;
  double migration = 1;
};

struct ReplanningSpec {
  std::uint32_t steps = 32;
  std::vector<std::uint32_t> every;              // not empty
  std::vector<std::uint32_t> redundant_experts;  // not empty
  std::vector<PlacementKind> policies;           // not empty
  // Weight of a step's loads against the next one's; absent: what predicted best so far.
  std::optional<double> history;
};

struct PlacementSpec {
  PlacementKind policy = PlacementKind::kLinear;  // when there is no file
  std::string file;                               // empty: none
  std::uint32_t redundant_experts = 0;
  ReplicaChoice split = ReplicaChoice::kBySender;
  std::uint32_t max_replicas = std::numeric_limits<std::uint32_t>::max();
  bool distinct_nodes = false;
  std::string loads;  // a file of expert counts to fit to; empty: the routing source's tokens
  std::uint32_t fit_windows = 16;
  std::uint32_t held_out_windows = 8;
  std::uint32_t iterations = 0;
  std::string current;  // a placement file; empty: none
  double max_moved = 1;
  std::optional<MigrationSpec> migration;  // needs `current`
  ObjectiveWeights weights;
  ReplanningSpec replanning;
};

}  // namespace switchyard
