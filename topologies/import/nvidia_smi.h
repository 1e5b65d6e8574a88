// From the matrix of `nvidia-smi topo -m` to a machine of the same distances.
//
//   Result<Machine> machine = ReadNvidiaSmi(text, "topo.txt", by);
//
//   PIX   under one PCIe switch            NODE  under two host bridges of one NUMA node
//   PXB   under switches of one switch     SYS   in two NUMA nodes
//   PHB   under one host bridge            NV#   # NVLinks; PCIe as the other cells allow
//
// Each set of devices that are at most so far apart becomes a switch, a host bridge, a NUMA node.
// The host bridges of a NUMA node hang on its first one, the first ones on each other. NVLink is a
// link per pair where GPUs can have so many links (kMaxNvLinks), else one NVSwitch plane.
//
// The matrix has no rates: those of NVLink are NCCL's for `by.sm`, else the card's.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "topologies/import/complete.h"
#include "topologies/import/machine.h"
#include "topologies/import/smi_matrix.h"

namespace switchyard {

// No GPU has more NVLinks: 18 of H100, H200 and B200 (NVIDIA data sheets).
inline constexpr std::uint32_t kMaxNvLinks = 18;

// PCIe links have no rate yet (Complete). Fails also when distances contradict each other, with the
// place of a cell that does.
[[nodiscard]] Result<Machine> ReadNvidiaSmi(std::string_view text, const std::string& file,
                                            const Completion& by);

}  // namespace switchyard
