// From messages to the strong types that the simulator works on. Everything that one field's rule
// cannot say is checked here: what must divide what, what needs what.
//
// Each function first completes its message with all defaults, fixed and derived ones (afterwards
// the message says everything that was decided, so it can be printed), then checks it and converts.
// All problems are reported, each at the field that is to blame; the value is meaningful only when
// none was. Checks leave out fields that are already known to be wrong.
#pragma once

#include "models/model_spec.h"
#include "sim/scenario/problems.h"
#include "sim/scenario/scenario.h"
#include "topologies/cluster_spec.h"

namespace switchyard {

namespace pb {
class Capacity;
class Cluster;
class Communication;
class Disturbances;
class Model;
class Routing;
class Scenario;
enum Dtype_Kind : int;  // NOLINT: the generated name
}  // namespace pb

// What the functions below share.
struct Resolution {
  const Locations& locations;
  Problems& problems;

  void Error(const std::string& path, std::string message) const {
    problems.Add(locations.Find(path), path, std::move(message));
  }
};

// Field paths begin with "model" and "cluster".
[[nodiscard]] ModelSpec ResolveModel(pb::Model& message, const Resolution& at);
[[nodiscard]] ClusterSpec ResolveCluster(pb::Cluster& message, const Resolution& at);
[[nodiscard]] Scenario ResolveScenario(pb::Scenario& message, const Resolution& at);

// Unspecified is bf16, the default of every field of that type.
[[nodiscard]] Dtype ToDtype(pb::Dtype_Kind kind);

// Parts of ResolveScenario; defaults are filled in already.
[[nodiscard]] RoutingSpec ResolveRouting(pb::Scenario& message, const Resolution& at);
[[nodiscard]] CapacitySpec ResolveCapacity(pb::Scenario& message, const Resolution& at);
[[nodiscard]] Communication ResolveCommunication(const pb::Scenario& message, const Resolution& at);
[[nodiscard]] PlacementSpec ResolvePlacement(pb::Scenario& message, const Resolution& at);
// After everything else: names are looked up in the cluster, which must be known.
[[nodiscard]] Disturbances ResolveDisturbances(const pb::Disturbances& message,
                                               const ClusterSpec& cluster, const Resolution& at);

}  // namespace switchyard
