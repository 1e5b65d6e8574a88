// Bytes and busy time of every link, in total and for each transfer.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "sim/graph/timeline.h"

namespace switchyard {

class LinkMeter {
 public:
  explicit LinkMeter(std::size_t num_links) : usage_(num_links), active_(num_links) {}

  void FlowStarts(std::span<const LinkId> path, Bytes bytes, Seconds now) {
    for (const LinkId link : path) {
      usage_[link.index()].bytes += bytes;
      Active& active = active_[link.index()];
      if (active.flows++ == 0) active.since = now;
    }
  }
  void FlowEnds(std::span<const LinkId> path, Seconds now) {
    for (const LinkId link : path) {
      Active& active = active_[link.index()];
      if (--active.flows == 0) usage_[link.index()].busy += now - active.since;
    }
  }
  [[nodiscard]] std::vector<LinkUsage> TakeUsage() { return std::move(usage_); }

 private:
  struct Active {
    std::uint32_t flows = 0;
    Seconds since;
  };
  std::vector<LinkUsage> usage_;
  std::vector<Active> active_;
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
