#include "sim/engine/flow/flow_table.h"

#include "sim/base/check.h"

namespace switchyard {

void FlowTable::Open(std::uint32_t transfer, const FlowView& view) {
  if (transfer >= transfers_.size()) transfers_.resize(transfer + 1);
  Transfer& t = transfers_[transfer];
  const std::size_t flows = view.flows.size();
  SWITCHYARD_CHECK(view.path_begin.size() == flows + 1, "a path for every flow");
  t.view = view;
  t.remaining.resize(flows);
  for (std::size_t f = 0; f < flows; ++f) {
    SWITCHYARD_CHECK(view.path_begin[f] < view.path_begin[f + 1], "a flow without links");
    t.remaining[f] = view.flows[f].bytes.value;
  }
  t.pending.assign(flows, 1);
  t.place.assign(flows, {});
  t.grouped = false;
}

}  // namespace switchyard
