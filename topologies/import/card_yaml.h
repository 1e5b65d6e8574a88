// An imported cluster as the text of a cluster card (scenarios/schema/cluster.proto, ClusterCard),
// every number with its origin in a comment.
//
//   std::string card = ClusterCardYaml(imported, "topo.xml");
//   // # Imported from topo.xml ...
//   // cluster:
//   //   node:
//   //     links:
//   //       - {a: gpu0, b: nvswitch, tier: nvlink, bandwidth: 370.8 GB/s, latency: 0.3 us}  # ...
#pragma once

#include <string>

#include "topologies/import/to_node.h"

namespace switchyard {

// `imported` must have a card: device and host memory are in no other file (checked).
[[nodiscard]] std::string ClusterCardYaml(const ImportedCluster& imported,
                                          const std::string& source);

}  // namespace switchyard
