// The figures of a model that `model show` and `model import` print.
//
//   std::cout << SummaryText(Summarize(spec));
//
// Fields of Mixture-of-Experts layers are absent for a dense model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/model_spec.h"

namespace switchyard {

struct ModelSummary {
  std::string name;
  std::uint32_t hidden_size = 0;
  std::uint32_t num_layers = 0;
  std::uint32_t num_moe_layers = 0;
  std::optional<MoeSpec> moe;
  double params_total = 0;
  double params_active = 0;
  double kv_bytes_per_token = 0;
  std::vector<std::string> notes;  // what an importer had to decide; may be empty
};

[[nodiscard]] ModelSummary Summarize(const ModelSpec& model, std::vector<std::string> notes = {});
// One JSON object, indented, ended by a newline. Whole numbers are written as such.
[[nodiscard]] std::string SummaryJson(const ModelSummary& summary);
// Aligned lines for people.
[[nodiscard]] std::string SummaryText(const ModelSummary& summary);

}  // namespace switchyard
