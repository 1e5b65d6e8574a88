// Names of vertices: the kind's short form and the number within it, after the node if there is
// one.
//
//   NameOf({VertexKind::kGpu, 3, 5})      // "n003.gpu5"
//   ParseVertexName("n3.gpu5")            // node 3, GPU 5
//   ParseVertexName("switch4")            // of the fabric
//   ParseLocalName("nvswitch", 3)         // within node 3: NVSwitch 0
//
// Short forms: gpu, nvswitch, pcie, nic, host, dram, ssd inside a node; leaf, spine, edge, agg,
// core, router, switch in the fabric. The number 0 is left out of nvswitch, host, dram, ssd and
// spine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "topologies/platform.h"

namespace switchyard {

[[nodiscard]] std::string NameOf(const Vertex& vertex);

// Without a value: no such name. Numbers of more than six digits are none.
[[nodiscard]] std::optional<Vertex> ParseVertexName(std::string_view name);

// A vertex inside the given node, named without it.
[[nodiscard]] std::optional<Vertex> ParseLocalName(std::string_view name, std::uint32_t node);

}  // namespace switchyard
