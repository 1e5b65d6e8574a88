#include "sim/engine/flow/flow_table.h"

#include <algorithm>

namespace switchyard {

std::uint32_t FlowTable::Add(FlowTag tag, std::span<const LinkId> path, double bytes) {
  if (path.size() > stride_) Widen(path.size());
  const std::uint32_t slot = TakeSlot();
  flows_[slot] = {tag, bytes, static_cast<std::uint32_t>(path.size())};
  std::transform(path.begin(), path.end(),
                 paths_.begin() + static_cast<std::ptrdiff_t>(slot * stride_),
                 [](LinkId link) { return link.value; });
  return slot;
}

std::uint32_t FlowTable::TakeSlot() {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  if (next_ == flows_.size()) {
    flows_.emplace_back();
    paths_.resize(paths_.size() + stride_);
  }
  return next_++;
}

void FlowTable::Widen(std::size_t stride) {
  std::vector<std::uint32_t> wider(flows_.size() * stride);
  for (std::size_t slot = 0; slot < flows_.size(); ++slot) {
    const auto from = paths_.begin() + static_cast<std::ptrdiff_t>(slot * stride_);
    std::copy_n(from, stride_, wider.begin() + static_cast<std::ptrdiff_t>(slot * stride));
  }
  paths_ = std::move(wider);
  stride_ = stride;
}

}  // namespace switchyard
