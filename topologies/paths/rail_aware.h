// Paths as NCCL and DeepEP choose them on rail-optimised clusters: each NIC sends only on its own
// rail, and NVLink moves the data to the right GPU first.
//
//   same node           GPU > nvswitch > GPU; without NVLink up the PCIe tree to the lowest common
//                       switch or host bridge and down, over the link between two sockets if need
//                       be. Host memory and SSDs: the PCIe tree; those of another host of an NVLink
//                       domain (NVL72): over NVLink and a GPU there (NVIDIA's extended GPU memory).
//   other node,         GPU > PCIe switch > NIC > leaf (> spine > leaf) > NIC > PCIe switch > GPU
//   same rail
//   other node,         NVLink to the local GPU on the receiver's rail, then as above from there
//   other rail          (NCCL's PXN: NVIDIA developer blog "Doubling all2all Performance with NCCL
//                       2.12"). Without NVLink: the sender's own NIC and across the spine.
//   host memory or SSD  over the NIC on the GPU's rail at both ends; between two of them over the
//   to or from a        NIC flow_key % NICs of the sender's host.
//   GPU elsewhere
//
// NIC i of a node is on rail i % rails; a GPU uses its own NICs (own_nics.h), and where it has
// several, a flow is split over them (NumParts), as NCCL stripes its channels. Where a node has
// several NICs per rail, the GPU between is the one at the sender's place in its block of rails.
//
// A path that would cross a dead link is replaced by the shortest one without (shortest.h); parts
// may then share it.
//
// Any platform that WhyNotRailAware does not refuse: in a node trees of PCIe links under one or
// more host bridges, at most one NVSwitch plane; NICs on one leaf each, leaves on at most one
// spine. Memory: a few words per vertex. A path takes time in its length and allocates nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "topologies/paths/path_selector.h"

namespace switchyard {

class RailAwarePaths final : public PathSelector {
 public:
  explicit RailAwarePaths(const Platform& platform, std::span<const LinkId> dead = {});
  [[nodiscard]] std::string_view name() const override { return "rail_aware"; }
  [[nodiscard]] bool Reaches(VertexId from, VertexId to) const override;
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;
  [[nodiscard]] std::uint32_t NumParts(VertexId from, VertexId to) const override;

 private:
  // A vertex's attachment to the next higher one: links there and back.
  struct Attachment {
    VertexId parent;
    LinkId up;
    LinkId down;
  };
  using Attachments = std::vector<std::optional<Attachment>>;  // by vertex
  // Where a path leaves the sender's node: `gpu` is the sender itself, or the one between.
  struct Exit {
    VertexId gpu;
    VertexId nic;
  };
  // How many of what a node has.
  struct NodeShape {
    std::uint32_t gpus = 0;
    std::uint32_t nics = 0;
    std::uint32_t hosts = 1;
  };

  void FindAttachments();
  void FindShapes();
  void AppendOwnPath(VertexId from, VertexId to, std::uint64_t flow_key,
                     std::vector<LinkId>& links) const;
  void AppendWithinNode(VertexId from, VertexId to, std::uint64_t flow_key,
                        std::vector<LinkId>& links) const;
  void AppendTree(VertexId from, VertexId to, std::vector<LinkId>& links) const;
  void AppendAcross(VertexId from, VertexId to, std::uint64_t flow_key,
                    std::vector<LinkId>& links) const;
  void AppendFabric(VertexId from_nic, VertexId to_nic, std::vector<LinkId>& links) const;
  [[nodiscard]] VertexId Root(VertexId v) const;
  [[nodiscard]] VertexId GpuNear(VertexId v, std::uint64_t flow_key) const;
  [[nodiscard]] VertexId NicOf(VertexId end, std::optional<std::uint32_t> rail,
                               std::uint64_t flow_key) const;
  [[nodiscard]] std::uint32_t RailOf(VertexId nic) const;
  // The GPU and NIC of the sender's node on the rail; none where NVLink leads to none.
  [[nodiscard]] std::optional<Exit> Relay(VertexId from, VertexId own_nic,
                                          std::uint32_t rail) const;
  [[nodiscard]] bool CrossesDead(std::span<const LinkId> links) const;

  const Platform& platform_;
  Attachments pcie_;    // towards the host bridge
  Attachments nvlink_;  // GPU to NVSwitch plane
  Attachments fabric_;  // NIC to leaf, leaf to spine
  std::vector<NodeShape> shapes_;
  std::uint32_t rails_ = 1;
  std::vector<bool> dead_;                  // by link; empty: none
  std::unique_ptr<PathSelector> fallback_;  // only with dead links
};

}  // namespace switchyard
