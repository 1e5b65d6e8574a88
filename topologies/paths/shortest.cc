#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

// Ways are in order of link ids.
class TakeFirst final : public WayChooser {
 public:
  std::size_t Choose(VertexId /*at*/, std::span<const NextLink> /*ways*/) override { return 0; }
};

}  // namespace

bool ShortestPaths::Reaches(VertexId from, VertexId to) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ways_.Reaches(from, to);
}

void ShortestPaths::AppendPath(VertexId from, VertexId to, std::uint64_t /*flow_key*/,
                               std::vector<LinkId>& links) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  TakeFirst first;
  ways_.Append(from, to, first, links);
}

std::size_t ShortestPaths::num_cached() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ways_.num_cached();
}

}  // namespace switchyard
