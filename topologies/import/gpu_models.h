// GPUs by their PCI ids, to tell people what a file describes and which card fits.
//
//   const GpuModel* model = FindGpuModel("0x10de", "0x2335");   // H200 SXM 141GB, "hgx_h200"
#pragma once

#include <string_view>

namespace switchyard {

struct GpuModel {
  std::string_view vendor;  // as in an NCCL topology: "0x10de"
  std::string_view device;
  std::string_view name;
  std::string_view card;  // in topologies/cards; empty: none
};

// nullptr for an unknown one. Source: The PCI ID Repository (pci-ids.ucw.cz).
[[nodiscard]] const GpuModel* FindGpuModel(std::string_view vendor, std::string_view device);

}  // namespace switchyard
