#include "topologies/paths/ecmp.h"

#include "topologies/paths/mix.h"

namespace switchyard {
namespace {

class Hash final : public WayChooser {
 public:
  Hash(VertexId from, VertexId to, std::uint64_t flow_key)
      : flow_(Mix(Mix(Mix(0, from.value), to.value), flow_key)) {}
  std::size_t Choose(VertexId at, std::span<const NextLink> ways) override {
    flow_ = Mix(flow_, at.value);
    return flow_ % ways.size();
  }

 private:
  std::uint64_t flow_;
};

}  // namespace

bool EcmpPaths::Reaches(VertexId from, VertexId to) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ways_.Reaches(from, to);
}

void EcmpPaths::AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                           std::vector<LinkId>& links) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Hash hash(from, to, flow_key);
  ways_.Append(from, to, hash, links);
}

}  // namespace switchyard
