// Bytes and busy time of every link, in total and for each transfer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/graph/timeline.h"

namespace switchyard {

class LinkMeter {
 public:
  explicit LinkMeter(std::size_t num_links) : links_(num_links) {}

  void FlowStarts(std::span<const LinkId> path, Bytes bytes, Seconds now) {
    for (const LinkId id : path) {
      LinkState& link = links_[id.index()];
      link.usage.bytes += bytes;
      if (link.flows++ == 0) link.since = now;
    }
  }
  void FlowEnds(std::span<const LinkId> path, Seconds now) {
    for (const LinkId id : path) {
      LinkState& link = links_[id.index()];
      if (--link.flows == 0) link.usage.busy += now - link.since;
    }
  }
  // By link.
  [[nodiscard]] std::vector<LinkUsage> Usage() const;

 private:
  // What a flow touches, together.
  struct LinkState {
    LinkUsage usage;
    Seconds since;
    std::uint32_t flows = 0;
  };
  std::vector<LinkState> links_;
};

// The same for one transfer: from its first flow on a link to its last.
class TransferMeter {
 public:
  void FlowStarts(std::span<const LinkId> path, Bytes bytes, Seconds now, std::size_t num_links);
  void FlowEnds(std::span<const LinkId> path, Seconds now);
  // Appends one LinkActivity for every link used, in the order of links.
  void AppendTo(TaskId task, std::vector<LinkActivity>& out) const;

 private:
  struct Span {
    Seconds start;
    Seconds end;
    Bytes bytes;
  };
  std::vector<Span> spans_;  // by link, allocated with the first flow
};

}  // namespace switchyard
