// The rates that NCCL and RCCL themselves reckon with. They are rounded, effective values for
// choosing between paths, not measurements of a machine; whatever uses them says so.
//
// Source: NVIDIA/nccl src/graph/topo.h (*_NVLINK_BW, *_QPI_BW, LOC_BW, ...) and src/graph/topo.cc
// (kvDictPciGen, ncclTopoGetInterCpuBw), 2.27; latencies src/graph/tuning.cc (hwLat, ring, LL).
// ROCm/rccl src/graph/topo.h (*_XGMI_WIDTH).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/units.h"
#include "topologies/import/machine.h"

namespace switchyard {

// Within one chip, or a link too fast to matter: LOC_BW.
inline constexpr BytesPerSecond kNcclLocal = 5000_GBps;
// hwLat of a step between two GPUs: over NVLink, over PCIe. A path through one switch has two
// links.
inline constexpr Seconds kNcclNvLinkLatency = 0.6_us;
inline constexpr Seconds kNcclPcieLatency = 1.0_us;
inline constexpr Seconds kNcclNetLatency = 2.7_us;

// One NVLink of a GPU of compute capability `sm` (90 for 9.0), per direction.
[[nodiscard]] SourcedRate NcclNvLink(std::uint32_t sm);
// One XGMI link of an AMD GPU: "gfx942", "910".
[[nodiscard]] SourcedRate RcclXgmi(std::string_view gcn);

// A PCIe link: "16.0 GT/s PCIe" and lanes. Absent for a speed that is none of PCIe 1 to 6.
[[nodiscard]] std::optional<SourcedRate> NcclPcie(std::string_view link_speed, std::uint32_t lanes);
// A x16 link of a PCIe generation, 1 to 6.
[[nodiscard]] SourcedRate NcclPcieGeneration(std::uint32_t generation);

// Between CPU sockets (QPI, UPI, Infinity Fabric). `arch` as in the file: "x86_64", "arm64",
// "ppc64".
struct CpuModel {
  std::string arch;
  std::string vendor;  // "GenuineIntel"
  std::uint32_t family = 0;
  std::uint32_t model = 0;
};
[[nodiscard]] SourcedRate NcclBetweenSockets(const CpuModel& cpu);

}  // namespace switchyard
