// SGLang, --init-expert-location FILE: {"physical_to_logical_map": [layers][slots]}, as JSON or as
// a dictionary in a .pt file. The dictionary is passed on as keyword arguments, so another key
// beside it stops the server. Source: sglang python/sglang/srt/eplb/expert_location.py
// (compute_initial_expert_location_metadata).
#include <fmt/format.h>

#include "sim/placement/files/readers.h"

namespace switchyard {
namespace {

constexpr std::string_view kMap = "physical_to_logical_map";

void RefuseOtherKeys(const DataNode& root, ImportLog& log) {
  for (const DataMember& member : std::get<DataDict>(root.data)) {
    if (member.key == kMap) continue;
    log.Error({member.value.offset, Shown(member.key)},
              fmt::format("SGLang takes no other key beside '{}'", kMap));
  }
}

}  // namespace

PlacementRows ReadSglang(const DataNode& root, const PlacementFileContext& context,
                         ImportLog& log) {
  RefuseOtherKeys(root, log);
  const DataNode& map = *FindMember(root, kMap);
  const auto* list = std::get_if<DataList>(&map.data);
  if (list == nullptr) {
    log.Error({map.offset, std::string(kMap)},
              "expected a list of layers, each a list of experts, found " + Describe(map));
    return {};
  }
  const auto layers = LayersOfRows(list->size(), context, {map.offset, std::string(kMap)}, log);
  PlacementRows rows;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const DataNode& node = (*list)[i];
    const ImportPlace place{node.offset, fmt::format("{}[{}]", kMap, i)};
    const auto* slots = std::get_if<IntegerList>(&node.data);
    if (slots == nullptr) {
      log.Error(place, "expected a list of experts, found " + Describe(node));
      continue;
    }
    // Rows of dense layers mean nothing.
    if (!layers.empty() && !IsMoeLayer(layers[i], context)) continue;
    CheckExperts(*slots, context, place, log);
    if (!layers.empty()) rows.push_back({layers[i], *slots, place});
  }
  return rows;
}

}  // namespace switchyard
