// SGLang, --init-expert-location FILE: {"physical_to_logical_map": [layers][slots]}, as JSON or as
// a dictionary in a .pt file. The dictionary is passed on as keyword arguments, so another key
// beside it stops the server. Rows of dense layers place
// nothing, but the server makes one tensor of all rows and looks their experts up. Source: sglang
// python/sglang/srt/eplb/expert_location.py (compute_initial_expert_location_metadata).
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

std::size_t FirstLength(const DataList& rows) {
  const auto* slots = std::get_if<IntegerList>(&rows.front().data);
  return slots == nullptr ? 0 : slots->size();
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
    CheckExperts(*slots, context, place, log);
    if (layers.empty()) continue;
    if (IsMoeLayer(layers[i], context)) {
      rows.push_back({layers[i], *slots, place});
    } else if (slots->size() != FirstLength(*list)) {
      log.Error(place, fmt::format("{} slots where the first layer has {}", slots->size(),
                                   FirstLength(*list)));
    }
  }
  return rows;
}

}  // namespace switchyard
