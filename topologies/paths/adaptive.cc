#include "topologies/paths/adaptive.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"
#include "topologies/paths/mix.h"

namespace switchyard {
namespace {

// Follows one of several parts: at each choice it knows how many parts are left together with it
// and which of them it is.
class Spread final : public WayChooser {
 public:
  Spread(std::uint64_t pair, std::uint32_t parts, std::uint32_t part)
      : pair_(pair), parts_(parts), part_(part) {}

  std::size_t Choose(VertexId at, std::span<const NextLink> ways) override {
    pair_ = Mix(pair_, at.value);
    const std::size_t first = pair_ % ways.size();
    if (parts_ <= ways.size()) {  // every link has at least one way on
      const std::size_t chosen = (first + part_) % ways.size();
      parts_ = 1;
      part_ = 0;
      return chosen;
    }
    return Divide(first, ways);
  }

 private:
  // More parts than links: in turns, until all are given away.
  std::size_t Divide(std::size_t first, std::span<const NextLink> ways) {
    std::array<std::uint32_t, kMaxFlowParts> share{};  // by place after `first`
    std::uint32_t given = 0;
    for (std::size_t turn = 0; given < parts_; ++turn) {
      const std::size_t place = turn % ways.size();
      SWITCHYARD_CHECK(turn < ways.size() * kMaxFlowParts, "more parts than ways");
      if (share[place] == ways[(first + place) % ways.size()].paths) continue;
      ++share[place];
      ++given;
    }
    std::size_t place = 0;
    for (; part_ >= share[place]; ++place) part_ -= share[place];
    parts_ = share[place];
    return (first + place) % ways.size();
  }

  std::uint64_t pair_;
  std::uint32_t parts_;
  std::uint32_t part_;
};

}  // namespace

bool AdaptivePaths::Reaches(VertexId from, VertexId to) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ways_.Reaches(from, to);
}

std::uint32_t AdaptivePaths::NumParts(VertexId from, VertexId to) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::uint32_t ways = ways_.CountWays(from, to);
  SWITCHYARD_CHECK(ways > 0, "no way between two endpoints");
  return std::min(ways, kMaxFlowParts);
}

void AdaptivePaths::AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                               std::vector<LinkId>& links) const {
  const std::uint32_t parts = NumParts(from, to);
  const std::lock_guard<std::mutex> lock(mutex_);
  Spread spread(Mix(Mix(0, from.value), to.value), parts,
                static_cast<std::uint32_t>(flow_key % parts));
  ways_.Append(from, to, spread, links);
}

}  // namespace switchyard
