// Where traffic narrows on its way up, layer by layer, in any platform.
//
//   for (const Oversubscription& layer : FindOversubscription(platform)) ...   // leaf to spine: 2
#pragma once

#include <vector>

#include "topologies/platform.h"

namespace switchyard {

// A layer: switches of one kind, equally far from the GPUs (inside a node) or from the NICs and
// GPUs (in the fabric), with the links that lead further. `ratio` is what comes in from below over
// what leads on; 1 is non-blocking. NICs of a node are not below its switches: what they carry
// leaves there.
struct Oversubscription {
  LinkTier tier = LinkTier::kPcie;  // of the links onwards
  VertexKind from = VertexKind::kPcieSwitch;
  VertexKind to = VertexKind::kHostBridge;
  bool sideways = false;  // onwards is to switches equally far: sockets, torus, dragonfly
  double ratio = 0.0;     // the largest of the layer
  VertexId at;            // the first switch that has it
};

// Layers inside nodes first, then the fabric's, each from the ends upwards. Distances by
// breadth-first search (Boost.Graph). A switch with nothing above or beside it has no ratio.
[[nodiscard]] std::vector<Oversubscription> FindOversubscription(const Platform& platform);

}  // namespace switchyard
