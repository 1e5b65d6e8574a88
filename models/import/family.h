// What a model family's configuration files leave unsaid or say differently: the meaning of
// `intermediate_size`, keys that must be present because the default of the model class differs
// from published checkpoints, and the router's score where the modelling code fixes it.
//
//   const Family* family = FindFamily("mixtral");  // nullptr: unknown, nothing is implied
//
// A new family is one line of the table in family.cc and one test.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "models/model_spec.h"

namespace switchyard {

// What `intermediate_size` means.
enum class WidthMeaning : std::uint8_t { kDense, kExpert };
// Where the shared experts stand.
enum class SharedExperts : std::uint8_t {
  kNone,       // the family has none
  kCounted,    // n_shared_experts of expert width, must be stated (null: none)
  kOneOfWidth  // shared_expert_intermediate_size, must be stated (0 or null: none)
};

struct Family {
  std::string_view model_type;
  WidthMeaning width = WidthMeaning::kDense;
  SharedExperts shared = SharedExperts::kNone;
  bool latent = false;              // multi-head latent attention: kv_lora_rank must be stated
  bool states_groups = false;       // n_group and topk_group must be stated
  bool states_first_dense = false;  // first_k_dense_replace must be stated
  bool states_head_dim = false;     // head_dim must be stated: it is not hidden_size / heads
  // Fixed by the modelling code; absent: must be stated.
  std::optional<ScoreFunction> score = std::nullopt;
  std::string_view note = {};  // what ModelSpec cannot say of the family; may be empty
};

[[nodiscard]] const Family* FindFamily(std::string_view model_type);
[[nodiscard]] std::vector<std::string_view> FamilyNames();

}  // namespace switchyard
