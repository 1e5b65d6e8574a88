// Reads a model card for the tests of this folder, without the scenario loader: the fields of the
// card one to one, no checks.
#pragma once

#include <map>
#include <string>

#include "models/model_spec.h"

namespace switchyard {

// "model.attention.heads" -> "16"; a list is joined by ','.
using FlatCard = std::map<std::string, std::string>;

[[nodiscard]] FlatCard Flatten(const std::string& yaml);
// models/cards/NAME.yaml
[[nodiscard]] std::string CardText(const std::string& name);
[[nodiscard]] ModelSpec ReadCard(const std::string& name);

}  // namespace switchyard
