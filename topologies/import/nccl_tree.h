// The PCIe trees of an NCCL topology file, before NVLink: first half of nccl_xml.cc.
//
//   NcclTree tree = ReadNcclTree(root, hints, attributes);
//   tree.gpus[0].row                      // its <gpu> element, or nullptr
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "topologies/import/machine.h"
#include "topologies/import/nccl_attributes.h"
#include "topologies/import/nccl_xml.h"

namespace switchyard {

// Points into the XmlElement tree that was read.
struct NcclGpu {
  std::size_t vertex = 0;
  const XmlElement* pci = nullptr;
  const XmlElement* row = nullptr;  // <gpu>; nullptr: the file has only the PCI device
};

struct NcclPeerLink {  // <pcilink> of a switch
  std::size_t vertex = 0;
  const XmlElement* row = nullptr;
};

struct NcclTree {
  Machine machine;            // gpus, nics, hosts in order; links are empty
  std::vector<NcclGpu> gpus;  // as machine.gpus
  std::vector<NcclPeerLink> peer_links;
  std::map<std::string, std::size_t> by_bus;  // bus id to vertex
  std::vector<const XmlElement*> cpus;        // as machine.hosts
};

// Mistakes go to `attributes`.
[[nodiscard]] NcclTree ReadNcclTree(const XmlElement& system, const NcclHints& hints,
                                    NcclAttributes& attributes);

}  // namespace switchyard
