#include "topologies/import/nccl_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

constexpr std::int64_t kMaxNumber = 1 << 20;  // of a device, a NUMA node
constexpr std::int64_t kMaxLanes = 64;
constexpr std::int64_t kMaxMegabits = 100'000'000;
constexpr std::uint32_t kUsualLanes = 16;

bool Has(const XmlElement& element, std::string_view child) {
  return std::any_of(element.children.begin(), element.children.end(),
                     [child](const XmlElement& e) { return e.name == child; });
}

// What a PCI device is: from what is in it, else from its class.
enum class Role { kSwitch, kGpu, kNic, kEmptySwitch, kOther, kUnknown };

Role RoleOf(const XmlElement& pci) {
  if (Has(pci, "pci")) return Role::kSwitch;
  if (Has(pci, "gpu")) return Role::kGpu;
  if (Has(pci, "nic")) return Role::kNic;
  const std::string pci_class = NcclAttributes::Text(pci, "class");
  const auto is = [&](std::string_view prefix) {
    return pci_class.compare(0, prefix.size(), prefix) == 0;
  };
  if (pci_class.empty()) return Role::kUnknown;
  if (is("0x03") || is("0x12")) return Role::kGpu;  // display; AMD's processing accelerators
  if (is("0x02")) return Role::kNic;
  return is("0x0604") ? Role::kEmptySwitch : Role::kOther;
}

class TreeReader {
 public:
  TreeReader(const NcclHints& hints, NcclAttributes& attributes) : attributes_(attributes) {
    for (const std::string& bus : hints.gpu_bus_ids) hinted_gpus_.insert(NormalBusId(bus));
  }

  NcclTree Read(const XmlElement& system) {
    for (const XmlElement& child : system.children) {
      if (child.name == "cpu") {
        Cpu(child);
      } else {
        ++others_;
      }
    }
    CheckHosts();
    CheckUnknown();
    Sort();
    Report();
    return std::move(tree_);
  }

 private:
  void Cpu(const XmlElement& cpu) {
    const auto numa = attributes_.Whole(cpu, "numaid", -1, kMaxNumber);
    const std::string name = fmt::format("NUMA node {}", numa.value_or(-1));
    if (!names_.insert(NcclAttributes::Text(cpu, "host_hash") + "/" + name).second) {
      attributes_.Error(cpu, "numaid", fmt::format("{} is described twice", numa.value_or(-1)));
    }
    const std::size_t host =
        tree_.machine.Add({VertexKind::kHostBridge, std::nullopt, name, {}, {}});
    tree_.machine.hosts.push_back(host);
    tree_.cpus.push_back(&cpu);
    for (const XmlElement& child : cpu.children) {
      if (child.name == "pci") {
        Pci(child, host);
      } else if (child.name == "nic") {
        HostNic(child, host);
      } else {
        ++others_;
      }
    }
  }

  void Pci(const XmlElement& pci, std::size_t parent) {
    const std::optional<std::string> bus = attributes_.BusId(pci, "busid");
    if (!bus) return;
    Role role = RoleOf(pci);
    if (role == Role::kUnknown && !hinted_gpus_.empty()) {
      role = hinted_gpus_.count(*bus) > 0 ? Role::kGpu : Role::kNic;
    }
    switch (role) {
      case Role::kSwitch:
        return Switch(pci, *bus, parent);
      case Role::kGpu:
        return Gpu(pci, *bus, parent);
      case Role::kNic:
        return Nic(pci, *bus, parent);
      case Role::kEmptySwitch:
        ++empty_switches_;
        return;
      case Role::kOther:
        ++others_;
        return;
      case Role::kUnknown:
        unknown_.push_back(&pci);
        return;
    }
  }

  std::size_t AddPci(const XmlElement& pci, const std::string& bus, VertexKind kind,
                     std::size_t parent) {
    const std::size_t vertex =
        tree_.machine.Add({kind, parent, bus, UpwardRate(pci), std::nullopt});
    if (!tree_.by_bus.emplace(bus, vertex).second) {
      attributes_.Error(pci, "busid", fmt::format("'{}' is given to two devices", bus));
    }
    return vertex;
  }

  // As ncclTopoAddPci: 16 lanes when there is no number, PCIe 3 when the speed is none it knows.
  std::optional<SourcedRate> UpwardRate(const XmlElement& pci) {
    const std::string speed = NcclAttributes::Text(pci, "link_speed");
    if (speed.empty()) return std::nullopt;
    auto lanes =
        static_cast<std::uint32_t>(attributes_.Whole(pci, "link_width", 0, kMaxLanes).value_or(0));
    if (lanes == 0) {
      ++assumed_lanes_;
      lanes = kUsualLanes;
    }
    std::optional<SourcedRate> rate = NcclPcie(speed, lanes);
    if (rate) return rate;
    ++assumed_speeds_;
    return NcclPcie("8 GT/s", lanes);
  }

  void Switch(const XmlElement& pci, const std::string& bus, std::size_t parent) {
    const std::size_t vertex = AddPci(pci, bus, VertexKind::kPcieSwitch, parent);
    for (const XmlElement& child : pci.children) {
      if (child.name == "pci") Pci(child, vertex);
      if (child.name == "pcilink") tree_.peer_links.push_back({vertex, &child});
      if (child.name == "nic") Ports(child, vertex);
      if (child.name == "gpu") {
        attributes_.Error(child, "", "a PCI device with devices below it cannot be a GPU");
      }
    }
  }

  void Gpu(const XmlElement& pci, const std::string& bus, std::size_t parent) {
    NcclGpu gpu{AddPci(pci, bus, VertexKind::kGpu, parent), &pci, nullptr};
    for (const XmlElement& child : pci.children) {
      if (child.name != "gpu") continue;
      if (gpu.row != nullptr) {
        attributes_.Error(child, "", "two GPUs in one PCI device (partitions) are not supported");
      }
      gpu.row = &child;
    }
    tree_.gpus.push_back(gpu);
    if (tree_.gpus.size() == kMaxMachineGpus + 1) {
      attributes_.Error(pci, "", fmt::format("more than {} GPUs", kMaxMachineGpus));
    }
  }

  void Nic(const XmlElement& pci, const std::string& bus, std::size_t parent) {
    std::vector<const XmlElement*> ports;
    for (const XmlElement& child : pci.children) {
      if (child.name == "nic") AppendPorts(child, ports);
    }
    if (ports.size() < 2) {
      const std::size_t nic = AddPci(pci, bus, VertexKind::kNic, parent);
      AddNic(nic, ports.empty() ? nullptr : ports[0]);
      return;
    }
    // A card of several ports: they share its PCIe link.
    const std::size_t card = AddPci(pci, bus, VertexKind::kPcieSwitch, parent);
    for (const XmlElement* port : ports) AddPort(port, card, "port of a card, NCCL's LOC_BW");
  }

  void Ports(const XmlElement& nic, std::size_t parent) {
    std::vector<const XmlElement*> ports;
    AppendPorts(nic, ports);
    for (const XmlElement* port : ports) AddPort(port, parent, "part of the switch, NCCL's LOC_BW");
  }

  // Network ports that take part: NCCL leaves out those without a device number.
  void AppendPorts(const XmlElement& nic, std::vector<const XmlElement*>& ports) {
    for (const XmlElement& net : nic.children) {
      if (net.name != "net") continue;
      const auto number = attributes_.Whole(net, "dev", -1, kMaxNumber);
      if (number && *number >= 0) ports.push_back(&net);
    }
  }

  // A NIC that is no PCI device: virtual, or of the host. A dump repeats it under every CPU.
  void HostNic(const XmlElement& nic, std::size_t host) {
    std::vector<const XmlElement*> ports;
    AppendPorts(nic, ports);
    for (const XmlElement* port : ports) {
      const std::string key =
          fmt::format("{}/{}/{}", NcclAttributes::Text(*port, "name"),
                      NcclAttributes::Text(*port, "dev"), NcclAttributes::Text(*port, "port"));
      if (host_ports_.insert(key).second) AddPort(port, host, "no PCI device, NCCL's LOC_BW");
    }
  }

  void AddPort(const XmlElement* port, std::size_t parent, const std::string& origin) {
    AddNic(tree_.machine.Add(
               {VertexKind::kNic, parent, "", SourcedRate{kNcclLocal, origin}, std::nullopt}),
           port);
  }

  void AddNic(std::size_t vertex, const XmlElement* port) {
    tree_.machine.nics.push_back(vertex);
    nic_numbers_.push_back(-1);
    if (tree_.machine.nics.size() == kMaxMachineNics + 1 && port != nullptr) {
      attributes_.Error(*port, "", fmt::format("more than {} NICs", kMaxMachineNics));
    }
    if (port == nullptr) return;
    MachineVertex& nic = tree_.machine.vertices[vertex];
    nic_numbers_.back() = attributes_.Whole(*port, "dev", -1, kMaxNumber).value_or(-1);
    if (port->Find("name") != nullptr) nic.name = *port->Find("name");
    const auto megabits = attributes_.Whole(*port, "speed", -1, kMaxMegabits);
    if (!megabits || *megabits <= 0) return;
    constexpr double kBytesPerMegabit = 1e6 / 8;
    nic.port = SourcedRate{{static_cast<double>(*megabits) * kBytesPerMegabit},
                           fmt::format("line rate, {} Mbit/s", *megabits)};
  }

  void CheckHosts() {
    std::set<std::string> hashes;
    for (const XmlElement* cpu : tree_.cpus) {
      if (hashes.insert(NcclAttributes::Text(*cpu, "host_hash")).second && hashes.size() == 2) {
        attributes_.Error(
            *cpu, "host_hash",
            "a second host; import a file of one host (a dump of one process per "
            "host with NCCL_MNNVL_ENABLE=0) and give the number of nodes in the card");
      }
    }
    if (tree_.cpus.size() > kMaxMachineHosts) {
      attributes_.Error(*tree_.cpus[kMaxMachineHosts], "",
                        fmt::format("more than {} CPUs", kMaxMachineHosts));
    }
  }

  void CheckUnknown() {
    if (unknown_.empty()) return;
    attributes_.Error(
        *unknown_[0], "class",
        fmt::format("missing, here and in {} other PCI devices: GPUs and NICs cannot be told "
                    "apart; name each GPU with --gpu BUSID (the others are taken as NICs)",
                    unknown_.size() - 1));
  }

  // GPUs by device number when every one has another; the same for NICs.
  void Sort() {
    std::vector<std::int64_t> numbers;
    for (const NcclGpu& gpu : tree_.gpus) {
      numbers.push_back(gpu.row == nullptr
                            ? -1
                            : attributes_.Whole(*gpu.row, "dev", -1, kMaxNumber).value_or(-1));
    }
    tree_.gpus = InOrder(tree_.gpus, numbers);
    for (const NcclGpu& gpu : tree_.gpus) tree_.machine.gpus.push_back(gpu.vertex);
    tree_.machine.nics = InOrder(tree_.machine.nics, nic_numbers_);
  }

  template <class T>
  static std::vector<T> InOrder(const std::vector<T>& items,
                                const std::vector<std::int64_t>& numbers) {
    std::map<std::int64_t, std::size_t> order;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (numbers[i] < 0 || !order.emplace(numbers[i], i).second) return items;
    }
    std::vector<T> sorted;
    sorted.reserve(order.size());
    for (const auto& [number, i] : order) sorted.push_back(items[i]);
    return sorted;
  }

  void Report() {
    Machine& machine = tree_.machine;
    const auto note = [&](int count, std::vector<std::string>& notes, const char* text) {
      if (count > 0) notes.push_back(fmt::format(fmt::runtime(text), count));
    };
    note(empty_switches_, machine.found, "left out: {} PCI bridges with nothing below them");
    note(others_, machine.found, "left out: {} elements that are neither CPU, GPU, NIC nor switch");
    note(assumed_lanes_, machine.assumptions,
         "{} PCI links without a width: x16 taken, as NCCL does");
    note(assumed_speeds_, machine.assumptions,
         "{} PCI links of a speed that NCCL does not know: PCIe 3 taken, as NCCL does");
  }

  NcclAttributes& attributes_;
  std::set<std::string> hinted_gpus_;
  NcclTree tree_;
  std::set<std::string> names_;
  std::set<std::string> host_ports_;
  std::vector<std::int64_t> nic_numbers_;  // as machine.nics while reading
  std::vector<const XmlElement*> unknown_;
  int empty_switches_ = 0;
  int others_ = 0;
  int assumed_lanes_ = 0;
  int assumed_speeds_ = 0;
};

}  // namespace

NcclTree ReadNcclTree(const XmlElement& system, const NcclHints& hints,
                      NcclAttributes& attributes) {
  return TreeReader(hints, attributes).Read(system);
}

}  // namespace switchyard
