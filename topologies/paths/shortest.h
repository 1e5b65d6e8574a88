// Paths of fewest links through switches and NICs, for any platform. GPUs, memories and SSDs only
// begin and end paths: forwarding by another GPU is rail_aware's business. A GPU whose PCIe switch
// holds the NIC of its own index leaves its node through that NIC. Of several shortest paths the
// one whose link ids, compared from the start, are lowest; NVLink comes before PCIe there.
//
// Found by breadth-first search (Boost.Graph) backwards from the destination. The result for one
// destination is one LinkId per vertex; the latest are kept, up to kCacheBytes in all, so that a
// repeated path costs no search and no allocation.
#pragma once

#include <cstddef>
#include <memory>

#include "topologies/paths/path_selector.h"

namespace switchyard {

class ShortestPaths final : public PathSelector {
 public:
  static constexpr std::size_t kCacheBytes = std::size_t{256} << 20;

  explicit ShortestPaths(const Platform& platform, std::size_t cache_bytes = kCacheBytes);
  ~ShortestPaths() override;
  [[nodiscard]] std::string_view name() const override { return "shortest"; }
  void AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                  std::vector<LinkId>& links) const override;

  // Destinations whose search has been kept. For tests of the bound.
  [[nodiscard]] std::size_t num_cached() const;

 private:
  class Search;
  std::unique_ptr<Search> search_;
};

}  // namespace switchyard
