#include "sim/engine/link_meter.h"

namespace switchyard {

std::vector<LinkUsage> LinkMeter::Usage() const {
  std::vector<LinkUsage> usage;
  usage.reserve(links_.size());
  for (const LinkState& link : links_) usage.push_back(link.usage);
  return usage;
}

void TransferMeter::FlowStarts(std::span<const LinkId> path, Bytes bytes, Seconds now,
                               std::size_t num_links) {
  if (spans_.empty()) spans_.resize(num_links);
  for (const LinkId link : path) {
    Span& span = spans_[link.index()];
    if (span.bytes.value == 0) span.start = now;
    span.bytes += bytes;
  }
}

void TransferMeter::FlowEnds(std::span<const LinkId> path, Seconds now) {
  for (const LinkId link : path) spans_[link.index()].end = now;
}

void TransferMeter::AppendTo(TaskId task, std::vector<LinkActivity>& out) const {
  for (std::size_t l = 0; l < spans_.size(); ++l) {
    if (spans_[l].bytes.value > 0) {
      out.push_back({LinkId(l), task, spans_[l].start, spans_[l].end, spans_[l].bytes});
    }
  }
}

}  // namespace switchyard
