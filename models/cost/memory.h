// What one device holds in its memory during a step of inference.
//
//   MemoryBytes need = MemoryFootprint(model, {.tensor = 1, .expert = 32}, {.batch = batch});
//   bool fits = need.Total() <= device_memory;
//
// Attention, dense FFNs, embeddings and LM head are split over the tensor ranks and copied on every
// attention replica; routed experts are split over the expert ranks; shared experts, routers and
// norms are whole on every device, each of which runs them for its own tokens.
#pragma once

#include <cstdint>
#include <optional>

#include "models/cost/work.h"
#include "models/model_spec.h"

namespace switchyard {

struct WeightSharding {
  std::uint32_t tensor = 1;
  std::uint32_t expert = 1;
  // Routed experts on the fullest device; absent: ceil(num_experts / expert).
  std::optional<std::uint32_t> experts_per_device;
};

struct StepLoad {
  // As for WorkOfAttention. Decode: the cache holds context_length tokens of each of batch.tokens
  // sequences; prefill: the tokens of the step.
  TokenBatch batch;
  // Rows that the routed experts of one device receive in one layer; absent: those of a balanced
  // load, tokens of the device * top_k.
  std::optional<double> expert_rows;
};

struct MemoryBytes {
  Bytes embedding;  // input embedding and LM head
  Bytes attention;
  Bytes dense_ffn;
  Bytes shared_experts;
  Bytes routed_experts;
  Bytes router;
  Bytes norms;
  Bytes kv_cache;
  Bytes activations;

  [[nodiscard]] Bytes Weights() const {
    return embedding + attention + dense_ffn + shared_experts + routed_experts + router + norms;
  }
  [[nodiscard]] Bytes Total() const { return Weights() + kv_cache + activations; }
};

// Activations are those of the hungriest block of one layer with nothing freed inside it, beside
// the residual rows: buffers of one layer are reused by the next. Workspaces of libraries and
// communication buffers are not included, nor the 16-bit copies of absorbed matrices that vLLM
// holds beside quantised ones (work.h).
[[nodiscard]] MemoryBytes MemoryFootprint(const ModelSpec& model, const WeightSharding& sharding,
                                          const StepLoad& load);

}  // namespace switchyard
