// The parts of a model configuration, each read by one function of its own file. Internal to the
// importer; ImportHfConfig (hf_config.h) puts them together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/import/config_reader.h"
#include "models/import/family.h"
#include "models/model_spec.h"

namespace switchyard {

// Limits of scenarios/schema/model.proto: what is imported can be written as a card.
inline constexpr std::uint32_t kMaxWidth = 1048576;
inline constexpr std::uint32_t kMaxLayers = 4096;
inline constexpr std::uint32_t kMaxVocabulary = 16777216;
inline constexpr std::uint32_t kMaxHeads = 65536;
inline constexpr std::uint32_t kMaxExperts = 4096;
inline constexpr std::uint32_t kMaxTopK = 64;

// Which of the vocabularies of keys a file uses.
enum class ConfigDialect : std::uint8_t { kHuggingFace, kDeepSeekNative, kSwitch };

// What the sections know of each other.
struct ConfigContext {
  ConfigDialect dialect = ConfigDialect::kHuggingFace;
  const Family* family = nullptr;  // nullptr: not a known family
  std::string model_type;          // as stated, for messages; may be empty
  std::uint32_t hidden_size = 0;
  std::uint32_t num_layers = 0;

  [[nodiscard]] bool Llama4() const {
    return family != nullptr && family->model_type == "llama4_text";
  }
};

[[nodiscard]] AttentionSpec ReadAttention(ConfigReader& reader, const ConfigContext& context);

// Absent for a configuration without any key of routed experts.
[[nodiscard]] std::optional<MoeSpec> ReadMoe(ConfigReader& reader, const ConfigContext& context);

// Sorted indices of the layers whose FFN is dense, in a model that has routed experts.
[[nodiscard]] std::vector<std::uint32_t> ReadDenseLayers(ConfigReader& reader,
                                                         const ConfigContext& context);

// 0 where the file states none.
[[nodiscard]] std::uint32_t ReadDenseWidth(ConfigReader& reader, const ConfigContext& context);

[[nodiscard]] ModelDtypes ReadDtypes(ConfigReader& reader);

}  // namespace switchyard
