#include "topologies/import/nccl_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "topologies/import/gpu_models.h"
#include "topologies/import/nccl_rates.h"
#include "topologies/import/nccl_tree.h"

namespace switchyard {
namespace {

constexpr std::int64_t kMaxLinks = 1024;  // of one GPU to one target
constexpr std::int64_t kMaxSm = 1000;
constexpr std::int64_t kMaxC2cMegabytes = 10'000'000;
constexpr std::int64_t kMaxCpuNumber = 65535;

bool StartsWith(const std::string& text, std::string_view prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

// NVLink, XGMI, C2C, peer links of switches and links between sockets, on top of the trees.
class LinkReader {
 public:
  LinkReader(NcclTree& tree, NcclAttributes& attributes)
      : tree_(tree), machine_(tree.machine), attributes_(attributes) {
    for (std::size_t i = 0; i < tree.gpus.size(); ++i) {
      by_device_.emplace(BusDevice(machine_.vertices[tree.gpus[i].vertex].name), i);
    }
  }

  void Read() {
    for (std::size_t i = 0; i < tree_.gpus.size(); ++i) {
      if (tree_.gpus[i].row == nullptr) {
        unknown_ = true;
      } else {
        Gpu(i, *tree_.gpus[i].row);
      }
    }
    AddMesh();
    AddPlane();
    if (unknown_) {
      machine_.nvlink = Machine::NvLink::kUnknown;
    } else if (machine_.links.empty()) {
      machine_.nvlink = Machine::NvLink::kNone;
    }
    AddSockets();
    AddPeerLinks();
  }

 private:
  // What one GPU says about one end.
  struct Claim {
    std::int64_t count = 0;
    const XmlElement* row = nullptr;
  };

  void Gpu(std::size_t gpu, const XmlElement& row) {
    for (const XmlElement& child : row.children) {
      if (child.name == "nvlink" || child.name == "xgmi") Link(gpu, child);
      if (child.name == "c2c") C2c(gpu, child);
    }
  }

  void Link(std::size_t gpu, const XmlElement& row) {
    const auto count = attributes_.NeedWhole(row, "count", 1, kMaxLinks);
    const auto target = attributes_.BusId(row, "target");
    if (!count || !target || !Rate(gpu, row)) return;
    const std::string tclass = NcclAttributes::Text(row, "tclass");
    const auto peer = by_device_.find(BusDevice(*target));
    if (peer != by_device_.end() && peer->second == gpu) {
      attributes_.Error(row, "target", "a GPU linked to itself");
    } else if (peer != by_device_.end()) {
      Claim& claim = mesh_[{gpu, peer->second}];
      claim = {claim.count + *count, &row};
    } else if (StartsWith(tclass, "0x068001")) {
      ToHost(gpu, {Rate(gpu, row)->value * static_cast<double>(*count),
                   fmt::format("{} NVLinks to the CPU, {}", *count, Rate(gpu, row)->origin)});
    } else if (StartsWith(tclass, "0x0680")) {
      switches_.insert(*target);
      Claim& claim = plane_[gpu];
      claim = {claim.count + *count, &row};
    } else if (StartsWith(tclass, "0x03") || StartsWith(tclass, "0x12")) {
      ++outside_;
    } else {
      attributes_.Error(row, "tclass",
                        fmt::format("{}, and the target is no GPU of the file: cannot tell what "
                                    "it links to; NVSwitch is 0x068000, a GPU 0x03.... or 0x12....",
                                    tclass.empty() ? "missing" : "'" + tclass + "'"));
    }
  }

  // Of one link of this GPU. Absent after an error.
  std::optional<SourcedRate> Rate(std::size_t gpu, const XmlElement& row) {
    const XmlElement& of = *tree_.gpus[gpu].row;
    if (row.name == "xgmi") {
      const std::string gcn = NcclAttributes::Text(of, "gcn");
      if (!gcn.empty()) return RcclXgmi(gcn);
      if (complained_.insert(gpu).second) attributes_.Error(of, "gcn", "missing, with XGMI links");
      return std::nullopt;
    }
    if (const auto sm = attributes_.Whole(of, "sm", 1, kMaxSm)) {
      return NcclNvLink(static_cast<std::uint32_t>(*sm));
    }
    if (of.Find("sm") == nullptr && complained_.insert(gpu).second) {
      attributes_.Error(of, "sm", "missing; the rate of the GPU's NVLinks depends on it");
    }
    return std::nullopt;
  }

  void C2c(std::size_t gpu, const XmlElement& row) {
    const auto count = attributes_.NeedWhole(row, "count", 1, kMaxLinks);
    const auto megabytes = attributes_.NeedWhole(row, "bw", 1, kMaxC2cMegabytes);
    if (!count || !megabytes) return;
    constexpr double kMega = 1e6;
    ToHost(gpu, {{kMega * static_cast<double>(*count * *megabytes)},
                 fmt::format("C2C, {} links of {} MB/s in the file", *count, *megabytes)});
  }

  void ToHost(std::size_t gpu, const SourcedRate& rate) {
    std::size_t at = tree_.gpus[gpu].vertex;
    while (machine_.vertices[at].parent) at = *machine_.vertices[at].parent;
    MachineLink& link = to_host_[gpu];
    link.a = tree_.gpus[gpu].vertex;
    link.b = at;
    link.rate.value += rate.value;
    link.rate.origin = rate.origin;
  }

  [[nodiscard]] SourcedRate Bundle(std::size_t gpu, const Claim& claim) {
    const SourcedRate one = *Rate(gpu, *claim.row);
    return {
        one.value * static_cast<double>(claim.count),
        fmt::format("{} links of {:g} GB/s, {}", claim.count, one.value.value / 1e9, one.origin)};
  }

  void AddMesh() {
    for (const auto& [ends, claim] : mesh_) {
      const auto [a, b] = ends;
      const auto back = mesh_.find({b, a});
      const std::int64_t other = back == mesh_.end() ? 0 : back->second.count;
      if (other != claim.count) {
        attributes_.Error(*claim.row, "count",
                          fmt::format("{} links to {}, which says {}; both ends must agree",
                                      claim.count, Name(b), other));
      } else if (a < b) {
        machine_.links.push_back(
            {tree_.gpus[a].vertex, tree_.gpus[b].vertex, LinkTier::kNvLink, Bundle(a, claim)});
      }
    }
    for (const auto& [gpu, link] : to_host_) machine_.links.push_back(link);
    if (outside_ > 0) {
      machine_.found.push_back("left out: " + Several(outside_, "NVLink row") +
                               " to GPUs that are not in the file");
    }
  }

  void AddPlane() {
    if (plane_.empty()) return;
    const std::size_t plane =
        machine_.Add({VertexKind::kNvSwitch, std::nullopt, "NVSwitch", {}, {}});
    for (const auto& [gpu, claim] : plane_) {
      machine_.links.push_back(
          {tree_.gpus[gpu].vertex, plane, LinkTier::kNvLink, Bundle(gpu, claim)});
    }
    machine_.assumptions.push_back(fmt::format(
        "the file's {} NVSwitches are one plane that never blocks, as in NCCL", switches_.size()));
  }

  // All pairs of CPUs, as ncclTopoConnectCpus.
  void AddSockets() {
    if (machine_.hosts.size() > kMaxMachineHosts) return;  // an error already
    for (std::size_t i = 0; i < machine_.hosts.size(); ++i) {
      const XmlElement& cpu = *tree_.cpus[i];
      const auto number = [&](std::string_view name) {
        return static_cast<std::uint32_t>(
            attributes_.Whole(cpu, name, 0, kMaxCpuNumber).value_or(0));
      };
      const SourcedRate rate = NcclBetweenSockets({NcclAttributes::Text(cpu, "arch"),
                                                   NcclAttributes::Text(cpu, "vendor"),
                                                   number("familyid"), number("modelid")});
      for (std::size_t j = i + 1; j < machine_.hosts.size(); ++j) {
        machine_.links.push_back({machine_.hosts[i], machine_.hosts[j], LinkTier::kSocket, rate});
      }
    }
  }

  void AddPeerLinks() {
    std::set<std::pair<std::size_t, std::size_t>> known;
    for (const NcclPeerLink& link : tree_.peer_links) {
      const auto target = attributes_.BusId(*link.row, "target");
      if (!target) continue;
      const auto peer = tree_.by_bus.find(*target);
      const bool is_switch = peer != tree_.by_bus.end() && peer->second != link.vertex &&
                             machine_.vertices[peer->second].kind == VertexKind::kPcieSwitch;
      if (!is_switch) {
        attributes_.Error(*link.row, "target", "must be another PCI switch of the file");
      } else if (const auto ends = std::minmax(link.vertex, peer->second);
                 known.insert(ends).second && !IsParent(ends.first, ends.second)) {
        machine_.links.push_back({ends.first,
                                  ends.second,
                                  LinkTier::kPcie,
                                  {kNcclLocal, "peer link of PCIe switches, NCCL's LOC_BW"}});
      }
    }
  }

  [[nodiscard]] bool IsParent(std::size_t a, std::size_t b) const {
    return machine_.vertices[a].parent == b || machine_.vertices[b].parent == a;
  }
  [[nodiscard]] const std::string& Name(std::size_t gpu) const {
    return machine_.vertices[tree_.gpus[gpu].vertex].name;
  }

  NcclTree& tree_;
  Machine& machine_;
  NcclAttributes& attributes_;
  std::map<std::string, std::size_t> by_device_;               // GPU by bus and device
  std::map<std::pair<std::size_t, std::size_t>, Claim> mesh_;  // (GPU, GPU)
  std::map<std::size_t, Claim> plane_;                         // GPU to NVSwitches
  std::map<std::size_t, MachineLink> to_host_;                 // GPU to its CPU
  std::set<std::string> switches_;
  std::set<std::size_t> complained_;
  std::size_t outside_ = 0;
  bool unknown_ = false;  // some GPU has no row
};

void CheckRoot(const XmlElement& root, NcclAttributes& attributes) {
  if (root.name == "graphs") {
    attributes.Error(root, "",
                     "an NCCL graph file (NCCL_GRAPH_FILE): the rings and trees that NCCL chose, "
                     "not the machine; write the topology with NCCL_TOPO_DUMP_FILE");
  } else if (root.name != "system") {
    attributes.Error(root, "", "not an NCCL topology, which begins with <system>");
  } else {
    constexpr std::int64_t kNccl = 1, kRccl = 2;
    attributes.NeedWhole(root, "version", kNccl, kRccl);
  }
}

// What a GPU is, by its PCI ids or its row.
std::string ModelOf(const NcclGpu& gpu, Machine& machine) {
  const GpuModel* model = FindGpuModel(NcclAttributes::Text(*gpu.pci, "vendor"),
                                       NcclAttributes::Text(*gpu.pci, "device"));
  if (model != nullptr) {
    machine.gpu_model = model->name;
    machine.fitting_card = model->card;
    return std::string(model->name);
  }
  if (gpu.row == nullptr) return "model not in the file";
  const std::string gcn = NcclAttributes::Text(*gpu.row, "gcn");
  return gcn.empty() ? "compute capability " + NcclAttributes::Text(*gpu.row, "sm") : gcn;
}

void Summarize(NcclTree& tree) {
  Machine& machine = tree.machine;
  std::set<std::string> models;
  for (const NcclGpu& gpu : tree.gpus) models.insert(ModelOf(gpu, machine));
  if (models.size() > 1) machine.gpu_model.clear();
  const auto switches =
      std::count_if(machine.vertices.begin(), machine.vertices.end(),
                    [](const MachineVertex& v) { return v.kind == VertexKind::kPcieSwitch; });
  std::string counts =
      fmt::format("{} ({}), {}, {}", Several(machine.gpus.size(), "GPU"), fmt::join(models, ", "),
                  Several(machine.nics.size(), "NIC"), Several(machine.hosts.size(), "NUMA node"));
  if (switches == 1) counts += ", 1 PCIe switch";
  if (switches > 1) counts += fmt::format(", {} PCIe switches", switches);
  machine.found.insert(machine.found.begin(), std::move(counts));
  machine.assumptions.emplace_back(
      "rates of PCIe, NVLink and sockets are NCCL's own constants, effective and rounded");
}

}  // namespace

Result<Machine> ReadNcclXml(std::string_view text, const std::string& file,
                            const NcclHints& hints) {
  Result<XmlElement> root = ParseXml(text, file);
  if (!root.ok()) return root.errors();
  Diagnostics errors;
  NcclAttributes attributes(file, errors);
  CheckRoot(root.value(), attributes);
  if (!errors.empty()) return errors;
  NcclTree tree = ReadNcclTree(root.value(), hints, attributes);
  tree.machine.format = root.value().Find("version")->back() == '2' ? "NCCL topology (RCCL)"
                                                                    : "NCCL topology (NVIDIA)";
  for (const std::string& bus : hints.gpu_bus_ids) {
    const auto named = tree.by_bus.find(NormalBusId(bus));
    const bool is_gpu =
        named != tree.by_bus.end() && tree.machine.vertices[named->second].kind == VertexKind::kGpu;
    if (!is_gpu) errors.push_back(FileError(file, fmt::format("--gpu {}: no such device", bus)));
  }
  if (errors.empty() && tree.gpus.empty()) {
    attributes.Error(root.value(), "",
                     Several(tree.machine.nics.size(), "NIC") +
                         " and no GPU: where the GPUs are is not in the file");
  }
  if (!errors.empty()) return errors;
  LinkReader(tree, attributes).Read();
  if (!errors.empty()) return errors;
  Summarize(tree);
  return std::move(tree.machine);
}

}  // namespace switchyard
