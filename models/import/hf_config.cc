#include "models/import/hf_config.h"

#include <algorithm>
#include <filesystem>
#include <numeric>

#include <fmt/format.h>

#include "models/import/config_reader.h"
#include "models/import/hf_sections.h"
#include "models/import/json_document.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kGatedMatrices = 3;
constexpr std::uint32_t kPlainMatrices = 2;

// Keys of models whose layers are not "attention, then an FFN".
constexpr std::string_view kRefusedKeys[] = {"hybrid_override_pattern", "layers_block_type",
                                             "attn_layer_period"};

// The file's stem; its folder where the stem is only "config"; printable characters alone.
std::string NameOf(const std::string& file, std::string_view model_type) {
  const std::filesystem::path path(file);
  std::string name = path.stem().string();
  if (name == "config") name = path.parent_path().filename().string();
  if (name.empty() || name == "." || name == "..") name = model_type;
  if (name.empty()) name = "imported";
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '_');
  return name;
}

ConfigContext ReadContext(ConfigReader& reader) {
  ConfigContext context;
  const std::string_view model_type = reader.TextAnywhere({"model_type"}).value_or("");
  context.model_type = Printable(model_type);
  context.family = FindFamily(model_type);
  if (model_type.empty() && reader.Has("dim") && reader.Has("n_layers")) {
    context.dialect = ConfigDialect::kDeepSeekNative;
  } else if (model_type == "switch_transformers") {
    context.dialect = ConfigDialect::kSwitch;
  }
  context.hidden_size = reader.Required({"hidden_size", "d_model", "dim"}, kMaxWidth);
  context.num_layers = context.dialect == ConfigDialect::kSwitch
                           ? reader.Required({"num_decoder_layers", "num_layers"}, kMaxLayers)
                           : reader.Required({"num_hidden_layers", "n_layers"}, kMaxLayers);
  return context;
}

void RefuseOtherArchitectures(ConfigReader& reader) {
  for (const std::string_view key : kRefusedKeys) {
    if (!reader.Has(key)) continue;
    reader.Error(key,
                 "layers of different kinds (state-space, attention and FFN blocks of their own) "
                 "cannot be represented: every layer here is attention followed by an FFN");
  }
}

std::uint32_t ReadFfnMatrices(ConfigReader& reader, const ConfigContext& context) {
  // SwitchTransformersDenseActDense has two matrices; squared ReLU is used without a gate
  // (So et al., Primer, NeurIPS 2021).
  if (context.dialect == ConfigDialect::kSwitch) return kPlainMatrices;
  const auto activation = reader.Text({"mlp_hidden_act", "hidden_act"});
  return activation == "relu2" ? kPlainMatrices : kGatedMatrices;
}

void AddNotes(ConfigReader& reader, const ConfigContext& context, const ModelSpec& spec) {
  if (context.family != nullptr && !context.family->note.empty()) {
    reader.Note(std::string(context.family->note));
  }
  if (context.family == nullptr && context.dialect == ConfigDialect::kHuggingFace) {
    reader.Note(fmt::format(
        "model_type '{}' is not a known family (known: {}); features that the file does not name "
        "(shared experts, expert groups, dense layers) are taken as absent, FFNs as gated",
        context.model_type, fmt::join(FamilyNames(), ", ")));
  }
  if (!spec.moe) reader.Note("no key of routed experts: imported as a dense model");
  for (const std::string_view key : {"num_nextn_predict_layers", "mtp_num_hidden_layers"}) {
    if (reader.Number({key}, kMaxLayers).value_or(0) > 0) {
      reader.Note(fmt::format("multi-token prediction layers ({}) are left out", key));
    }
  }
}

ModelSpec ReadModel(ConfigReader& reader, const std::string& file) {
  const ConfigContext context = ReadContext(reader);
  RefuseOtherArchitectures(reader);
  ModelSpec spec;
  spec.name = NameOf(file, context.model_type);
  spec.hidden_size = context.hidden_size;
  spec.num_layers = context.num_layers;
  spec.vocab_size = reader.Required({"vocab_size"}, kMaxVocabulary);
  spec.attention = ReadAttention(reader, context);
  spec.moe = ReadMoe(reader, context);
  spec.dense_intermediate_size = ReadDenseWidth(reader, context);
  if (spec.moe) {
    spec.dense_layers = ReadDenseLayers(reader, context);
  } else {
    spec.dense_layers.resize(spec.num_layers);
    std::iota(spec.dense_layers.begin(), spec.dense_layers.end(), 0U);
  }
  if (!spec.dense_layers.empty() && spec.dense_intermediate_size == 0) {
    reader.Missing({context.Llama4() ? "intermediate_size_mlp" : "intermediate_size"},
                   "the width of the dense layers' FFN");
  }
  spec.ffn_matrices = ReadFfnMatrices(reader, context);
  const auto tied = reader.FlagAnywhere({"tie_word_embeddings"});
  if (!tied) reader.Note("tie_word_embeddings is not stated; taken as false");
  spec.tied_embeddings = tied.value_or(false);
  spec.dtypes = ReadDtypes(reader);
  AddNotes(reader, context, spec);
  return spec;
}

}  // namespace

Result<ImportedModel> ImportHfConfig(std::string_view json_text, const std::string& file) {
  const Result<JsonValue> root = ParseJson(json_text, file);
  if (!root.ok()) return root.errors();
  const auto* object = std::get_if<JsonObject>(&root.value().data);
  if (object == nullptr) {
    return FileError(
        file, fmt::format("found {}; a configuration is one JSON object", Describe(root.value())));
  }
  ConfigReader reader(*object, file);
  ModelSpec spec = ReadModel(reader, file);
  if (!reader.errors().empty()) return reader.errors();
  return ImportedModel{std::move(spec), reader.notes()};
}

}  // namespace switchyard
