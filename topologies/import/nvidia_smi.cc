#include "topologies/import/nvidia_smi.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "topologies/import/card_node.h"
#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

// Sets of devices at most so far apart, for each distance from PIX to NODE.
constexpr std::array<SmiDistance, 4> kLevels = {SmiDistance::kPix, SmiDistance::kPxb,
                                                SmiDistance::kPhb, SmiDistance::kNode};
constexpr std::size_t kPix = 0, kPxb = 1, kPhb = 2, kNuma = 3;

// Which set each device is in, named by its first device.
class Sets {
 public:
  explicit Sets(std::size_t devices) : first_(devices) {
    std::iota(first_.begin(), first_.end(), std::size_t{0});
  }
  [[nodiscard]] std::size_t Of(std::size_t device) {
    while (first_[device] != device) {
      first_[device] = first_[first_[device]];  // shorter next time
      device = first_[device];
    }
    return device;
  }
  void Join(std::size_t a, std::size_t b) {
    const std::size_t low = std::min(Of(a), Of(b));
    first_[std::max(Of(a), Of(b))] = low;
  }

 private:
  std::vector<std::size_t> first_;
};

class MachineMaker {
 public:
  MachineMaker(const SmiMatrix& matrix, std::string file, const Completion& by)
      : matrix_(matrix), file_(std::move(file)), by_(by) {}

  Result<Machine> Make() {
    machine_.format = "nvidia-smi topo -m";
    JoinSets();
    CheckSets();
    if (!errors_.empty()) return errors_;
    AddTree();
    AddNvLink();
    if (!errors_.empty()) return errors_;
    Report();
    return std::move(machine_);
  }

 private:
  [[nodiscard]] std::size_t size() const { return matrix_.devices.size(); }

  void JoinSets() {
    sets_.assign(kLevels.size(), Sets(size()));
    for (std::size_t a = 0; a < size(); ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        const SmiDistance distance = matrix_.At(a, b).distance;
        for (std::size_t level = 0; level < kLevels.size(); ++level) {
          if (distance <= kLevels[level]) sets_[level].Join(a, b);
        }
        if (distance == SmiDistance::kNvLink && SameNuma(a, b)) sets_[kNuma].Join(a, b);
      }
    }
  }

  // What is printed beside the matrix; on machines of one NUMA node it may be missing.
  [[nodiscard]] bool SameNuma(std::size_t a, std::size_t b) const {
    return matrix_.devices[a].affinity == matrix_.devices[b].affinity;
  }

  // Whoever is near a common device is near each other: else no tree has these distances.
  void CheckSets() {
    for (std::size_t a = 0; a < size() && errors_.empty(); ++a) {
      for (std::size_t b = 0; b < a; ++b) CheckPair(a, b);
    }
  }

  void CheckPair(std::size_t a, std::size_t b) {
    const SmiCell& cell = matrix_.At(a, b);
    if (cell.distance == SmiDistance::kNvLink) {
      ++hidden_pairs_;
      return;
    }
    for (std::size_t level = 0; level < kLevels.size(); ++level) {
      if (cell.distance <= kLevels[level] || sets_[level].Of(a) != sets_[level].Of(b)) continue;
      errors_.push_back({{file_, cell.line, cell.column},
                         "",
                         fmt::format("{} and {} are farther apart than what both are near to "
                                     "allows; no PCIe tree has such distances",
                                     matrix_.devices[a].label, matrix_.devices[b].label)});
      return;
    }
  }

  // The vertex of a set, made when first asked for.
  std::size_t Vertex(std::size_t level, std::size_t device) {
    const std::size_t set = sets_[level].Of(device);
    const auto known = vertices_.find({level, set});
    if (known != vertices_.end()) return known->second;
    const std::size_t vertex = Make(level, device);
    vertices_[{level, set}] = vertex;
    return vertex;
  }

  std::size_t Make(std::size_t level, std::size_t device) {
    if (level == kPhb) return AddHost(device);
    const std::size_t above =
        level == kPix && IsPartOf(kPxb, device) ? Vertex(kPxb, device) : Vertex(kPhb, device);
    return machine_.Add({VertexKind::kPcieSwitch, above, "", std::nullopt, std::nullopt});
  }

  // Whether the device's set of `level` holds more than one set of the level below.
  [[nodiscard]] bool IsPartOf(std::size_t level, std::size_t device) {
    for (std::size_t other = 0; other < size(); ++other) {
      if (sets_[level].Of(other) == sets_[level].Of(device) &&
          sets_[level - 1].Of(other) != sets_[level - 1].Of(device)) {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool IsAlone(std::size_t level, std::size_t device) {
    for (std::size_t other = 0; other < size(); ++other) {
      if (other != device && sets_[level].Of(other) == sets_[level].Of(device)) return false;
    }
    return true;
  }

  std::size_t AddHost(std::size_t device) {
    const std::size_t host = machine_.Add({VertexKind::kHostBridge, std::nullopt, "", {}, {}});
    machine_.hosts.push_back(host);
    const auto [first, is_first] = numa_hosts_.try_emplace(sets_[kNuma].Of(device), host);
    if (!is_first) {
      machine_.links.push_back({first->second,
                                host,
                                LinkTier::kSocket,
                                {kNcclLocal, "host bridges of a NUMA node, NCCL's LOC_BW"}});
    }
    return host;
  }

  void AddTree() {
    for (std::size_t d = 0; d < size(); ++d) {
      const SmiDevice& device = matrix_.devices[d];
      // A device alone under its switch needs one only to be PXB, not PIX, from its neighbours.
      const bool own_switch = !IsAlone(kPix, d) || IsPartOf(kPxb, d);
      const std::size_t parent = own_switch ? Vertex(kPix, d) : Vertex(kPhb, d);
      const VertexKind kind = device.is_gpu ? VertexKind::kGpu : VertexKind::kNic;
      const std::size_t vertex =
          machine_.Add({kind, parent, device.name, std::nullopt, std::nullopt});
      (device.is_gpu ? machine_.gpus : machine_.nics).push_back(vertex);
    }
    if (machine_.hosts.size() > kMaxMachineHosts) {
      errors_.push_back(FileError(file_, fmt::format("needs {} host bridges; at most {}",
                                                     machine_.hosts.size(), kMaxMachineHosts)));
    }
    if (machine_.gpus.size() > kMaxMachineGpus) {
      errors_.push_back(FileError(
          file_, fmt::format("{} GPUs; at most {}", machine_.gpus.size(), kMaxMachineGpus)));
    }
    const SourcedRate sockets = NcclBetweenSockets({});
    for (auto a = numa_hosts_.begin(); a != numa_hosts_.end(); ++a) {
      for (auto b = std::next(a); b != numa_hosts_.end(); ++b) {
        machine_.links.push_back({a->second, b->second, LinkTier::kSocket, sockets});
      }
    }
  }

  void AddNvLink() {
    std::set<std::uint32_t> counts;
    std::uint32_t most = 0;  // links of one GPU, if every pair were joined directly
    for (std::size_t a = 0; a < machine_.gpus.size(); ++a) {
      std::uint32_t links = 0;
      for (std::size_t b = 0; b < machine_.gpus.size(); ++b) {
        if (a == b) continue;
        counts.insert(matrix_.At(a, b).links);
        links += matrix_.At(a, b).links;
      }
      most = std::max(most, links);
    }
    if (most == 0) return;
    if (most <= kMaxNvLinks) return AddMesh(most);
    if (counts.size() == 1) return AddPlane(*counts.begin());
    errors_.push_back(FileError(
        file_,
        fmt::format("a GPU would have {} NVLinks, more than the {} of any GPU, and not all "
                    "pairs have as many as behind NVSwitches: cannot tell how they are joined",
                    most, kMaxNvLinks)));
  }

  // Of `links` NVLinks, where a GPU has `of_gpu` of them. Absent after an error.
  std::optional<SourcedRate> Rate(std::uint32_t links, std::uint32_t of_gpu) {
    if (by_.sm) {
      const SourcedRate one = NcclNvLink(*by_.sm);
      return SourcedRate{one.value * links, fmt::format("{} links of {:g} GB/s, {}", links,
                                                        one.value.value / 1e9, one.origin)};
    }
    const auto nvlink = by_.card == nullptr ? std::nullopt : ReadCardNode(by_.card->node).nvlink;
    if (nvlink) {
      return SourcedRate{nvlink->bandwidth * links / of_gpu,
                         fmt::format("{} of {} links, card {}", links, of_gpu, by_.card_name)};
    }
    if (errors_.empty()) {
      errors_.push_back(
          FileError(file_,
                    "says how many NVLinks there are but not how fast they are; give "
                    "--complete-from CARD (of a machine with NVLink) or --sm N (90 for Hopper)"));
    }
    return std::nullopt;
  }

  void AddMesh(std::uint32_t most) {
    for (std::size_t a = 0; a < machine_.gpus.size(); ++a) {
      for (std::size_t b = a + 1; b < machine_.gpus.size(); ++b) {
        const std::uint32_t links = matrix_.At(a, b).links;
        if (links == 0) continue;
        const std::optional<SourcedRate> rate = Rate(links, most);
        if (!rate) return;
        machine_.links.push_back({machine_.gpus[a], machine_.gpus[b], LinkTier::kNvLink, *rate});
      }
    }
    machine_.found.push_back(
        fmt::format("NVLink from GPU to GPU, up to {} links of one GPU", most));
  }

  void AddPlane(std::uint32_t links) {
    const std::optional<SourcedRate> rate = Rate(links, links);
    if (!rate) return;
    const std::size_t plane =
        machine_.Add({VertexKind::kNvSwitch, std::nullopt, "NVSwitch", {}, {}});
    for (const std::size_t gpu : machine_.gpus) {
      machine_.links.push_back({gpu, plane, LinkTier::kNvLink, *rate});
    }
    machine_.assumptions.push_back(fmt::format(
        "every pair of GPUs has {} NVLinks, more than direct links could be: one NVSwitch plane "
        "that never blocks",
        links));
  }

  void Report() {
    machine_.found.insert(
        machine_.found.begin(),
        fmt::format("{}, {}, {}, {}", Several(machine_.gpus.size(), "GPU"),
                    Several(machine_.nics.size(), "NIC"), Several(numa_hosts_.size(), "NUMA node"),
                    Several(machine_.hosts.size(), "host bridge")));
    if (hidden_pairs_ > 0) {
      machine_.assumptions.push_back(fmt::format(
          "PCIe between {} pairs of GPUs is hidden by NV#: as far apart as the other cells and the "
          "NUMA nodes allow",
          hidden_pairs_));
    }
    if (numa_hosts_.size() > 1) {
      const SourcedRate sockets = NcclBetweenSockets({});
      machine_.assumptions.push_back(fmt::format("{:g} GB/s between NUMA nodes: {}",
                                                 sockets.value.value / 1e9, sockets.origin));
    }
  }

  const SmiMatrix& matrix_;
  const std::string file_;
  const Completion& by_;
  Machine machine_;
  std::vector<Sets> sets_;                                               // by level
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> vertices_;  // (level, set)
  std::map<std::size_t, std::size_t> numa_hosts_;  // NUMA set to its first host bridge
  std::uint64_t hidden_pairs_ = 0;
  Diagnostics errors_;
};

}  // namespace

Result<Machine> ReadNvidiaSmi(std::string_view text, const std::string& file,
                              const Completion& by) {
  const Result<SmiMatrix> matrix = ReadSmiMatrix(text, file);
  if (!matrix.ok()) return matrix.errors();
  return MachineMaker(matrix.value(), file, by).Make();
}

}  // namespace switchyard
