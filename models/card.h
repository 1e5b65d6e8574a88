// A ModelSpec as the text of a model card (scenarios/schema/model.proto, message ModelCard).
//
//   std::string card = ModelCardYaml(spec, "config.json of example/model-7b");
//   // # config.json of example/model-7b
//   // schema_version: 1
//   // model: ...
#pragma once

#include <string>
#include <string_view>

#include "models/model_spec.h"

namespace switchyard {

// Every field is written, those equal to a default too. `source` becomes the comment at the top,
// line by line.
[[nodiscard]] std::string ModelCardYaml(const ModelSpec& model, std::string_view source);

}  // namespace switchyard
