// The scenario schema as JSON Schema (draft 2020-12), for editors: completion, hover texts,
// complaints while typing.
//
//   # yaml-language-server: $schema=scenario.schema.json
#pragma once

#include <string>

namespace switchyard {

// Made from the same descriptors and rules that the loader uses. It knows names, types, ranges,
// units and oneofs; what relates several fields only the loader checks.
[[nodiscard]] std::string ScenarioJsonSchema();

}  // namespace switchyard
