// What an imported file says about one machine: the step between the readers (nccl_xml.h,
// nvidia_smi.h) and the node that is written (to_node.h). Numbers the file does not have are absent
// until complete.h fills them in.
//
//   Machine machine = ...;
//   machine.vertices[machine.gpus[3]].parent         // the PCIe switch or host bridge of GPU 3
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/units.h"
#include "topologies/link_tier.h"
#include "topologies/platform.h"

namespace switchyard {

// A number and where it is from: "32 GT/s x16 at NCCL's 3 GB/s a lane".
struct SourcedRate {
  BytesPerSecond value;
  std::string origin;
};

struct MachineVertex {
  VertexKind kind = VertexKind::kGpu;  // GPU, NIC, PCIe switch, host bridge, NVSwitch plane
  std::optional<std::size_t> parent;   // towards the host bridge; absent for bridges and planes
  std::string name;                    // in the file: bus id, "mlx5_0", "NUMA node 1"
  std::optional<SourcedRate> upwards;  // of the link to the parent; absent: not in the file
  std::optional<SourcedRate> port;     // of a NIC, into the network; absent: not in the file
};

// A link that is not part of the PCIe tree. Both directions.
struct MachineLink {
  std::size_t a = 0;  // in Machine::vertices
  std::size_t b = 0;
  LinkTier tier = LinkTier::kNvLink;
  SourcedRate rate;
};

struct Machine {
  std::string format;  // "NCCL topology (NVIDIA)"
  std::vector<MachineVertex> vertices;
  std::vector<std::size_t> gpus;  // in order of their numbers; the same for the others
  std::vector<std::size_t> nics;
  std::vector<std::size_t> hosts;
  std::vector<MachineLink> links;
  // What the file says about NVLink: links; nothing, though it describes the GPUs (a dump of a
  // machine without NVLink, or one written by hand); nothing at all about the GPUs.
  enum class NvLink { kListed, kNone, kUnknown } nvlink = NvLink::kListed;
  std::string gpu_model;     // empty: not known
  std::string fitting_card;  // in topologies/cards, for that model; empty: none
  std::vector<std::string> found;
  std::vector<std::string> assumptions;

  std::size_t Add(MachineVertex vertex) {
    vertices.push_back(std::move(vertex));
    return vertices.size() - 1;
  }
};

// "1 NIC", "8 NICs".
[[nodiscard]] inline std::string Several(std::size_t count, std::string_view what) {
  std::string text = std::to_string(count) + " " + std::string(what);
  return count == 1 ? text : text + "s";
}

// More than this in one machine is refused.
inline constexpr std::size_t kMaxMachineGpus = 256;
inline constexpr std::size_t kMaxMachineNics = 1024;
inline constexpr std::size_t kMaxMachineHosts = 64;

}  // namespace switchyard
