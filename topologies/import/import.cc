#include "topologies/import/import.h"

#include "topologies/import/nvidia_smi.h"

namespace switchyard {
namespace {

TopologyFormat Detect(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
    text.remove_prefix(kByteOrderMark.size());
  }
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool xml = first != std::string_view::npos && text[first] == '<';
  return xml ? TopologyFormat::kNccl : TopologyFormat::kNvidiaSmi;
}

}  // namespace

Result<ImportedCluster> ImportTopology(std::string_view text, const std::string& file,
                                       const ImportOptions& options) {
  const TopologyFormat format = options.format.value_or(Detect(text));
  Result<Machine> machine = format == TopologyFormat::kNccl ? ReadNcclXml(text, file, options.hints)
                                                            : ReadNvidiaSmi(text, file, options.by);
  if (!machine.ok()) return machine.errors();
  if (const Result<void> done = Complete(machine.value(), file, options.by); !done.ok()) {
    return done.errors();
  }
  return ToCluster(machine.value(), options.by, options.name);
}

}  // namespace switchyard
