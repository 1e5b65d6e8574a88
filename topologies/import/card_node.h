// What a card says of the inside of a node, in whichever form it says it: NVSwitch, cables or link
// by link. What an imported file leaves out is completed from this.
//
//   const CardNode node = ReadCardNode(card.node);
//   node.nvlink->bandwidth        // of all NVLinks of one GPU
//   node.nvlinks                  // where they go: {"gpu0", "nvswitch", 1, ...}
#pragma once

#include <optional>
#include <vector>

#include "topologies/cluster_spec.h"

namespace switchyard {

struct CardNode {
  // GPU 0's, together; latency to a switch plane: half of that from GPU to GPU.
  std::optional<LinkSpec> nvlink;
  std::vector<NamedLinkSpec> nvlinks;   // all of the node's
  std::optional<LinkSpec> pcie;         // GPU 0's
  std::optional<LinkSpec> host_memory;  // of all sockets together
  std::optional<LinkSpec> ssd;          // the same
  Bytes host_memory_capacity;           // the same
};

// `node` is of a card that has been checked (LoadClusterCard).
[[nodiscard]] CardNode ReadCardNode(const NodeSpec& node);

}  // namespace switchyard
