// A Hugging Face config.json, or a DeepSeek inference/configs file, as a ModelSpec.
//
//   Result<ImportedModel> model = ImportHfConfig(text, "DeepSeek-V3/config.json");
//
// Reads the language model (`text_config` where it is nested). What the file does not say is
// reported as an error that names the key, never filled in from the defaults of a model class:
// published files leave out keys equal to those defaults, and the defaults differ from the
// checkpoints. What ModelSpec cannot represent, or what the modelling code of a known family fixes,
// becomes a note.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/model_spec.h"
#include "sim/base/result.h"

namespace switchyard {

struct ImportedModel {
  ModelSpec spec;
  std::vector<std::string> notes;  // decisions and omissions, one sentence each
};

// `file` is for messages and, its folder or stem, for the model's name. Never throws on bad text.
[[nodiscard]] Result<ImportedModel> ImportHfConfig(std::string_view json_text,
                                                   const std::string& file);

}  // namespace switchyard
