// Paths as NCCL and DeepEP choose them on rail-optimised clusters: each NIC sends only on its own
// rail, and NVLink moves the data to the right GPU first.
//
//   same node           GPU > nvswitch > GPU; without NVLink up the PCIe tree to the lowest common
//                       switch or host bridge and down. Host memory and SSDs: the PCIe tree.
//   other node,         GPU > PCIe switch > NIC > leaf (> spine > leaf) > NIC > PCIe switch > GPU
//   same rail
//   other node,         NVLink to the local GPU on the receiver's rail, then as above from there
//   other rail          (NCCL's PXN: NVIDIA developer blog "Doubling all2all Performance with NCCL
//                       2.12"). Without NVLink: the sender's own NIC and across the spine.
//   host memory or SSD  over the NIC on the GPU's rail at both ends; between two of them over the
//   to or from a        rail flow_key % NICs of the sender's node.
//   GPU elsewhere
//
// Any platform of this shape will do: in a node a tree of PCIe links under one host bridge, at most
// one NVSwitch plane, at least as many NICs as GPUs when there is a fabric; NICs on leaves, leaves
// on at most one spine. Memory: a few words per vertex. A path takes time in its length and
// allocates nothing.
#pragma once

#include <optional>

#include "topologies/paths/path_selector.h"

namespace switchyard {

class RailAwarePaths final : public PathSelector {
 public:
  explicit RailAwarePaths(const Platform& platform);
  [[nodiscard]] std::string_view name() const override { return "rail_aware"; }
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;

 private:
  // A vertex's attachment to the next higher one: links there and back.
  struct Attachment {
    VertexId parent;
    LinkId up;
    LinkId down;
  };
  using Attachments = std::vector<std::optional<Attachment>>;  // by vertex

  void AppendWithinNode(VertexId from, VertexId to, std::vector<LinkId>& links) const;
  void AppendTree(VertexId from, VertexId to, std::vector<LinkId>& links) const;
  void AppendAcross(VertexId from, VertexId to, std::uint64_t flow_key,
                    std::vector<LinkId>& links) const;
  void AppendFabric(VertexId from_nic, VertexId to_nic, std::vector<LinkId>& links) const;
  [[nodiscard]] VertexId Nic(std::uint32_t node, std::uint32_t rail) const;

  const Platform& platform_;
  Attachments pcie_;    // towards the host bridge
  Attachments nvlink_;  // GPU to NVSwitch plane
  Attachments fabric_;  // NIC to leaf, leaf to spine
  std::vector<std::uint32_t> nics_in_node_;
};

}  // namespace switchyard
