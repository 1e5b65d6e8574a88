// Fills in what an imported file leaves out, from a card of such a machine or from what the user
// states; says what each number is and what was assumed.
//
//   Completion by;
//   by.card = &hgx_h100;                        // --complete-from hgx_h100
//   if (const auto done = Complete(machine, "topo.xml", by); !done.ok()) return done.errors();
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/base/result.h"
#include "topologies/cluster_spec.h"
#include "topologies/import/machine.h"

namespace switchyard {

struct Completion {
  const ClusterSpec* card = nullptr;
  std::string card_name;                         // for messages
  std::optional<std::uint32_t> pcie_generation;  // of PCIe links without a speed, x16
  std::optional<std::uint32_t> sm;               // of NVLinks that are only counted
};

// Afterwards every link has a rate, or what is missing is returned. A file without NVLink rows gets
// the card's NVLink, and must then have as many GPUs as the card.
[[nodiscard]] Result<void> Complete(Machine& machine, const std::string& file,
                                    const Completion& by);

}  // namespace switchyard
