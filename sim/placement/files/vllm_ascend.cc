// vLLM-Ascend, expert_map_path: {"moe_layer_count", "layer_list": [{"layer_id", "device_count",
// "device_list": [{"device_id", "device_expert": [experts in the order of slots]}]}]}. Layers are
// MoE layers, counted from 0, and devices are ranks; the server goes by the order of the lists and
// reads neither layer_id nor device_id. All lists must be equally long (they become one tensor).
// Source: vllm-ascend vllm_ascend/eplb/adaptor/vllm_adaptor.py (_expert_file_to_tensor),
// vllm_ascend/eplb/core/eplb_device_transfer_loader.py and its tests' expert_map.json.
#include <fmt/format.h>

#include "sim/placement/files/readers.h"

namespace switchyard {
namespace {

class Reader {
 public:
  Reader(const PlacementFileContext& context, ImportLog& log) : context_(context), log_(log) {}

  PlacementRows Read(const DataNode& root) {
    const DataList* layers = List(root, "layer_list", "");
    if (layers == nullptr) return {};
    const std::size_t expected = context_.moe_layers.size();
    CheckNumber(root, {"moe_layer_count", true, layers->size()}, "");
    if (layers->size() != expected) {
      log_.Error({root.offset, "layer_list"},
                 fmt::format("{} layers; the model has {} MoE layers", layers->size(), expected));
    }
    for (std::size_t i = 0; i < layers->size() && i < expected; ++i) Layer((*layers)[i], i);
    return std::move(rows_);
  }

 private:
  struct Expected {
    std::string_view key;
    bool required = true;
    std::size_t value = 0;
  };

  void Layer(const DataNode& node, std::size_t index) {
    const std::string path = fmt::format("layer_list[{}]", index);
    const DataList* devices = List(node, "device_list", path + ".");
    if (devices == nullptr) return;
    CheckNumber(node, {"layer_id", false, index}, path + ".");
    CheckNumber(node, {"device_count", true, devices->size()}, path + ".");
    const ImportPlace place{node.offset, path};
    if (devices->size() != context_.ranks) {
      log_.Error(place, fmt::format("{} devices; the expert-parallel group has {} ranks",
                                    devices->size(), context_.ranks));
      return;
    }
    PlacementRow row{context_.moe_layers[index], {}, place};
    bool complete = true;
    for (std::size_t d = 0; d < devices->size(); ++d) {
      complete =
          Device((*devices)[d], fmt::format("{}.device_list[{}].", path, d), d, row) && complete;
    }
    if (complete) rows_.push_back(std::move(row));
  }

  // Appends the device's slots; false when it has not as many as those before it.
  bool Device(const DataNode& node, const std::string& path, std::size_t index, PlacementRow& row) {
    CheckNumber(node, {"device_id", false, index}, path);
    const DataNode* slots = FindMember(node, "device_expert");
    const ImportPlace place{slots != nullptr ? slots->offset : node.offset, path + "device_expert"};
    if (slots == nullptr) {
      log_.Error(place, "is missing");
      return false;
    }
    const auto* experts = std::get_if<IntegerList>(&slots->data);
    if (experts == nullptr) {
      log_.Error(place, "expected a list of experts, found " + Describe(*slots));
      return false;
    }
    CheckExperts(*experts, context_, place, log_);
    if (index > 0 && experts->size() * index != row.slots.size()) {
      log_.Error(place, fmt::format("{} experts where the devices before it have {}",
                                    experts->size(), row.slots.size() / index));
      return false;
    }
    row.slots.insert(row.slots.end(), experts->begin(), experts->end());
    return true;
  }

  const DataList* List(const DataNode& node, std::string_view key, const std::string& path) {
    const DataNode* found = FindMember(node, key);
    if (found == nullptr) {
      log_.Error({node.offset, path + std::string(key)}, "is missing");
      return nullptr;
    }
    const auto* list = std::get_if<DataList>(&found->data);
    if (list == nullptr) {
      log_.Error({found->offset, path + std::string(key)},
                 "expected a list of objects, found " + Describe(*found));
    }
    return list;
  }

  void CheckNumber(const DataNode& node, const Expected& expected, const std::string& path) {
    const DataNode* found = FindMember(node, expected.key);
    const std::string at = path + std::string(expected.key);
    if (found == nullptr) {
      if (expected.required) log_.Error({node.offset, at}, "is missing");
      return;
    }
    const auto* value = std::get_if<std::int64_t>(&found->data);
    if (value != nullptr && *value == static_cast<std::int64_t>(expected.value)) return;
    log_.Error(
        {found->offset, at},
        fmt::format("is {}; by the order of the lists it is {}, and vLLM-Ascend goes by them",
                    Describe(*found), expected.value));
  }

  const PlacementFileContext& context_;
  ImportLog& log_;
  PlacementRows rows_;
};

}  // namespace

PlacementRows ReadVllmAscend(const DataNode& root, const PlacementFileContext& context,
                             ImportLog& log) {
  return Reader(context, log).Read(root);
}

}  // namespace switchyard
