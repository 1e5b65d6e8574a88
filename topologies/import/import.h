// A file about one machine in, a cluster of one node out. The door to this folder.
//
//   ImportOptions options;
//   options.by.card = &card;                                         // optional
//   Result<ImportedCluster> imported = ImportTopology(text, "topo.xml", options);
//   if (!imported.ok()) return Complain(imported.errors());
//   Result<Platform> platform = BuildPlatform(imported.value().spec);
//
// Nothing that `text` can hold crashes, hangs or takes memory beyond a multiple of its size.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "topologies/import/complete.h"
#include "topologies/import/nccl_xml.h"
#include "topologies/import/to_node.h"

namespace switchyard {

enum class TopologyFormat { kNccl, kNvidiaSmi };

struct ImportOptions {
  std::optional<TopologyFormat> format;  // absent: XML is NCCL's, everything else nvidia-smi's
  Completion by;
  NcclHints hints;
  std::string name;  // of the cluster
};

// `file` stands for the text in messages.
[[nodiscard]] Result<ImportedCluster> ImportTopology(std::string_view text, const std::string& file,
                                                     const ImportOptions& options);

}  // namespace switchyard
