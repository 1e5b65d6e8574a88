#include "models/import/family.h"

#include <algorithm>
#include <array>

namespace switchyard {
namespace {

constexpr auto kSoftmax = ScoreFunction::kSoftmax;
constexpr auto kSigmoid = ScoreFunction::kSigmoid;

constexpr std::string_view kHybridNote =
    "linear-attention layers are taken as full attention: their weights differ, and their state "
    "does not grow with the context (full_attention_interval, layer_types)";
constexpr std::string_view kSparseNote =
    "sparse attention (index_topk) is taken as dense attention over the whole context; the "
    "indexer's weights and cache are left out";

// Scores where the files state none: the modelling code of the family in huggingface/transformers
// (models/<model_type>/modeling_*.py) or in the model's own repository.
constexpr std::array kFamilies = {
    Family{.model_type = "mixtral", .width = WidthMeaning::kExpert, .score = kSoftmax},
    Family{.model_type = "olmoe", .width = WidthMeaning::kExpert, .score = kSoftmax},
    Family{.model_type = "phimoe",
           .width = WidthMeaning::kExpert,
           .score = kSoftmax,
           .note = "sparse-mixer routing (two rounds of masked softmax) is taken as softmax top-k"},
    Family{.model_type = "minimax_m2",
           .width = WidthMeaning::kExpert,
           .states_head_dim = true,
           .score = kSigmoid},
    Family{.model_type = "gpt_oss",
           .width = WidthMeaning::kExpert,
           .states_head_dim = true,
           .score = kSoftmax,
           .note = "sliding-window layers are taken as attention over the whole context"},
    Family{.model_type = "llama4_text",
           .width = WidthMeaning::kExpert,
           .states_head_dim = true,
           .score = kSigmoid,
           .note = "chunked attention (attention_chunk_size) is taken as attention over the whole "
                   "context"},
    Family{.model_type = "qwen2_moe", .shared = SharedExperts::kOneOfWidth, .score = kSoftmax},
    Family{.model_type = "qwen3_moe", .states_head_dim = true, .score = kSoftmax},
    Family{.model_type = "qwen3_next",
           .shared = SharedExperts::kOneOfWidth,
           .states_head_dim = true,
           .score = kSoftmax,
           .note = kHybridNote},
    Family{.model_type = "qwen3_5_moe_text",
           .shared = SharedExperts::kOneOfWidth,
           .states_head_dim = true,
           .score = kSoftmax,
           .note = kHybridNote},
    Family{.model_type = "deepseek_v2",
           .shared = SharedExperts::kCounted,
           .latent = true,
           .states_groups = true,
           .states_first_dense = true},
    Family{.model_type = "deepseek_v3",
           .shared = SharedExperts::kCounted,
           .latent = true,
           .states_groups = true,
           .states_first_dense = true,
           .score = kSigmoid},
    Family{.model_type = "deepseek_v32",
           .shared = SharedExperts::kCounted,
           .latent = true,
           .states_groups = true,
           .states_first_dense = true,
           .score = kSigmoid,
           .note = kSparseNote},
    Family{.model_type = "deepseek_v4",
           .shared = SharedExperts::kCounted,
           .states_head_dim = true,
           .note =
               "low-rank query and output projections, compressed and sparse attention, a cache "
               "shared by keys and values, hyper-connections and hash routing of the first "
               "layers are not represented: attention is taken as multi-query attention of "
               "head_dim, so attention parameters and cache are upper bounds"},
    Family{.model_type = "kimi_k2",
           .shared = SharedExperts::kCounted,
           .latent = true,
           .states_groups = true,
           .states_first_dense = true,
           .score = kSigmoid},
    Family{.model_type = "glm4_moe",
           .shared = SharedExperts::kCounted,
           .states_groups = true,
           .states_first_dense = true,
           .states_head_dim = true,
           .score = kSigmoid},
    Family{.model_type = "glm_moe_dsa",
           .shared = SharedExperts::kCounted,
           .latent = true,
           .states_groups = true,
           .states_first_dense = true,
           .score = kSigmoid,
           .note = kSparseNote},
    Family{.model_type = "switch_transformers",
           .score = kSoftmax,
           .note = "of the encoder and decoder stacks, which have the same layers, one is "
                   "represented: the decoder's layers, without cross-attention"},
};

// Other spellings of the same family.
struct Alias {
  std::string_view name;
  std::string_view model_type;
};
constexpr std::array kAliases = {
    Alias{"llama4", "llama4_text"},
    Alias{"qwen3_5_moe", "qwen3_5_moe_text"},
    Alias{"deepseek_v3_2", "deepseek_v32"},
    Alias{"kimi_k25", "kimi_k2"},
};

}  // namespace

const Family* FindFamily(std::string_view model_type) {
  for (const Alias& alias : kAliases) {
    if (alias.name == model_type) model_type = alias.model_type;
  }
  const auto* found = std::find_if(kFamilies.begin(), kFamilies.end(), [&](const Family& family) {
    return family.model_type == model_type;
  });
  return found == kFamilies.end() ? nullptr : found;
}

std::vector<std::string_view> FamilyNames() {
  std::vector<std::string_view> names;
  names.reserve(kFamilies.size());
  for (const Family& family : kFamilies) names.push_back(family.model_type);
  return names;
}

}  // namespace switchyard
