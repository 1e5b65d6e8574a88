// Reads an NCCL topology file: what NCCL_TOPO_DUMP_FILE writes and NCCL_TOPO_FILE reads, in
// NVIDIA's dialect (version 1, <nvlink>) and in RCCL's (version 2, <xgmi>, gcn).
//
//   Result<Machine> machine = ReadNcclXml(text, "topo.xml", {});
//   if (!machine.ok()) return machine.errors();
//
// Source: NVIDIA/nccl src/graph/xml.{h,cc} and topo.cc; ROCm/rccl, the same files.
//
// What the file says is taken over: the PCIe tree below each CPU with its link speeds, GPUs,
// network ports, NVLink, XGMI, C2C and peer links of PCIe switches. GPUs and NICs are also
// recognised by their PCI class alone (0x03, 0x12; 0x02), as files that clouds publish have no
// <gpu> and <net>; what such a file leaves out stays absent (complete.h). All NVSwitches are one
// plane, as in NCCL.
//
// Refused, with the reason: graph files (NCCL_GRAPH_FILE), files of several hosts, devices without
// class that `gpu_bus_ids` does not tell apart, NVLink that the other end does not confirm.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "topologies/import/machine.h"

namespace switchyard {

struct NcclHints {
  // Not empty: of the PCI devices without class, these are GPUs and the others NICs.
  std::vector<std::string> gpu_bus_ids;
};

// `file` stands for the text in messages.
[[nodiscard]] Result<Machine> ReadNcclXml(std::string_view text, const std::string& file,
                                          const NcclHints& hints);

}  // namespace switchyard
