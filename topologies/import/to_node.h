// From a completed machine (complete.h) to the cluster it describes: one node, link by link.
//
//   ImportedCluster imported = ToCluster(machine, by, "my_machine");
//   Result<Platform> platform = BuildPlatform(imported.spec);
//   std::string card = ClusterCardYaml(imported, "topo.xml");        // card_yaml.h
#pragma once

#include <string>
#include <vector>

#include "topologies/cluster_spec.h"
#include "topologies/import/complete.h"
#include "topologies/import/machine.h"

namespace switchyard {

struct ImportedCluster {
  ClusterSpec spec;                       // node.links hold the machine
  std::vector<std::string> link_origins;  // as spec.node.links: where rate and latency are from
  std::string nic_origin;                 // of spec.node.nic
  std::string card;                       // the rest is from it; empty: not known
  std::string format;
  std::vector<std::string> found;
  std::vector<std::string> assumptions;
};

// Every vertex has a parent or is a host bridge or a plane, every link a rate (Complete succeeded).
// Latencies are the card's, else NCCL's. Host memory and SSDs are the card's, shared evenly among
// the host bridges; without a card host memory is there, but has no bandwidth of its own.
[[nodiscard]] ImportedCluster ToCluster(const Machine& machine, const Completion& by,
                                        const std::string& name);

}  // namespace switchyard
