// The catalogue: model cards in models/cards, cluster cards in topologies/cards, by name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/scenario/config_node.h"

namespace switchyard {

enum class CardKind { kModel, kCluster };

// "model": the key under which a card of that kind holds its content.
[[nodiscard]] std::string CardKey(CardKind kind);

// Whether a card is named by its file, not by its name in the catalogue: what has a '/' or ends in
// .yaml or .json.
[[nodiscard]] bool IsCardFile(const std::string& name_or_path);

[[nodiscard]] std::filesystem::path CardPath(CardKind kind, const std::string& name,
                                             const std::filesystem::path& data_root);
// Names of the cards there are, sorted; empty when the folder does not exist.
[[nodiscard]] std::vector<std::string> CardNames(CardKind kind,
                                                 const std::filesystem::path& data_root);

// The content of a card's file (`schema_version: 1` and `model:` or `cluster:`), unwrapped.
[[nodiscard]] Result<ConfigNode> UnwrapCard(CardKind kind, ConfigNode file);

}  // namespace switchyard
