// Which layers fit the event budget.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/report/perfetto/perfetto.h"

namespace switchyard::perfetto {

// Operations outside the layers come first, then layers from the lowest up, for as long as the
// events of all of them stay within the budget.
struct Selection {
  std::vector<bool> has_task;  // by task
  std::uint32_t layers_in_step = 0;
  std::uint32_t layers_written = 0;

  [[nodiscard]] bool Has(std::size_t task) const { return has_task[task]; }
  [[nodiscard]] bool complete() const { return layers_written == layers_in_step; }
};

[[nodiscard]] Selection SelectLayers(const PerfettoInput& input, std::uint64_t max_events);

}  // namespace switchyard::perfetto
