#include "models/cost/work.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "models/cost/gemm.h"
#include "sim/base/check.h"

namespace switchyard {
namespace {

// A norm is fused with the residual addition before it: it reads the residual and the last block's
// output and writes the new residual and the normalised row (vLLM's fused_add_rms_norm).
constexpr double kNormPasses = 4;
// Kernels of an FFN: up (with the gate), activation (SwiGLU), down.
constexpr std::size_t kFfnKernels = 3;
// Norm, down-projections, latent norms, query, rotary and cache, two absorbed products, output.
constexpr std::size_t kMaxLatentProjections = 8;
// Router logits are kept in FP32; a choice is an expert id and a weight of four bytes each.
constexpr double kLogitBytes = 4;
constexpr double kChoiceBytes = 8;
// Multiply-add of a score and of a value element: two products per key, 2 FLOPs each element.
constexpr double kFlopsPerMultiplyAdd = 2;
// Causal prefill: the token at position p meets p keys, half of the prompt on average.
constexpr double kCausalShare = 0.5;

struct Sizes {
  double hidden = 0;
  double row = 0;    // bytes of an activation element
  double cache = 0;  // bytes of a cached element
  GemmFormats attention;

  explicit Sizes(const ModelSpec& model)
      : hidden(model.hidden_size),
        row(BytesPerElement(model.dtypes.activations)),
        cache(BytesPerElement(model.dtypes.kv_cache)),
        attention(FormatsOf(model.dtypes.attention_weights, model.dtypes.activations)) {}
};

// A kernel that passes over activations and multiplies next to nothing.
ComputeWork Traffic(double bytes) {
  ComputeWork work;
  work.bytes = Bytes{bytes};
  work.unit = ComputeUnit::kVector;
  return work;
}

ComputeWork Norm(const Sizes& sizes, double tokens) {
  return Traffic(kNormPasses * tokens * sizes.hidden * sizes.row);
}

// What attention multiplies where it does not quantise: activations, 8-bit ones expanded first.
Dtype WideDtype(const ModelSpec& model) {
  const Dtype dtype = model.dtypes.activations;
  return BytesPerElement(dtype) >= BytesPerElement(Dtype::kBf16) ? dtype : Dtype::kBf16;
}

double KeysPerToken(const TokenBatch& batch) {
  return batch.decode ? batch.context_length : kCausalShare * batch.context_length;
}

// Rows of keys and values that the core reads: in prefill those of the batch itself (each prompt's
// keys stay in cache while its queries pass), in decode every sequence's own cache.
double KeyRows(const TokenBatch& batch) {
  return batch.decode ? batch.tokens * batch.context_length : batch.tokens;
}

// Decode splits a sequence's cache over thread blocks and merges their partial results in a second
// kernel (FlashDecoding; FlashMLA does the same); prefill needs one kernel. The merge costs its
// launch: the partial results are taken to stay in the device's cache.
KernelList Core(const ModelSpec& model, const TokenBatch& batch, Flops flops, Bytes bytes) {
  KernelList kernels = {{flops, bytes, 1, WideDtype(model), ComputeUnit::kAttention}};
  if (batch.decode) kernels.push_back(Traffic(0));
  return kernels;
}

AttentionWork Work(const GroupedAttention& attention, const ModelSpec& model,
                   const TokenBatch& batch, double tensor) {
  const Sizes sizes(model);
  const double tokens = batch.tokens;
  const double query = attention.heads / tensor * attention.head_dim;
  // Ranks beyond the number of key/value heads hold copies of them.
  const double kv = std::max(1.0, attention.kv_heads / tensor) * attention.head_dim;
  KernelList projections = {
      Norm(sizes, tokens),
      WorkOfGemm({tokens, sizes.hidden, query + 2 * kv}, sizes.attention),
      // Rotary embedding fused with the write into the cache: queries and keys are read and
      // rewritten, keys and values stored in the cache.
      Traffic(tokens * (2 * (query + kv) * sizes.row + 2 * kv * sizes.cache)),
      WorkOfGemm({tokens, query, sizes.hidden}, sizes.attention),
  };
  const Flops flops{kFlopsPerMultiplyAdd * 2 * tokens * KeysPerToken(batch) * query};
  const Bytes bytes{2 * tokens * query * sizes.row + 2 * KeyRows(batch) * kv * sizes.cache};
  return {std::move(projections), Core(model, batch, flops, bytes)};
}

// Head sizes of latent attention on one tensor rank.
struct LatentShape {
  double heads;
  double query;   // all heads, without and with rotary part
  double latent;  // cached without the rotary part
  double cached;  // latent and rotary key
  double value;   // all heads

  LatentShape(const LatentAttention& attention, double tensor)
      : heads(attention.heads / tensor),
        query(heads * (attention.qk_nope_head_dim + attention.qk_rope_head_dim)),
        latent(attention.kv_lora_rank),
        cached(latent + attention.qk_rope_head_dim),
        value(heads * attention.v_head_dim) {}
};

// The latent expanded to keys and values, or queries and results brought into and out of it. The
// absorbed products are one kernel each, with a small matrix and rows of its own for each head.
void AppendExpansion(KernelList& kernels, const LatentAttention& attention,
                     const LatentShape& shape, const ModelSpec& model, const TokenBatch& batch) {
  const double nope = attention.qk_nope_head_dim;
  if (!batch.decode) {
    const double out = shape.heads * nope + shape.value;
    kernels.push_back(WorkOfGemm({batch.tokens, shape.latent, out}, Sizes(model).attention));
    return;
  }
  const GemmFormats wide = FormatsOf(WideDtype(model), WideDtype(model));
  const double value = attention.v_head_dim;
  kernels.push_back(WorkOfBatchedGemm(shape.heads, {batch.tokens, nope, shape.latent}, wide));
  kernels.push_back(WorkOfBatchedGemm(shape.heads, {batch.tokens, shape.latent, value}, wide));
}

// DeepSeek-V2, arXiv 2405.04434, section 2.1. The down-projections are the same on every tensor
// rank, heads are divided.
KernelList LatentProjections(const LatentAttention& attention, const LatentShape& shape,
                             const ModelSpec& model, const TokenBatch& batch) {
  const Sizes sizes(model);
  const double tokens = batch.tokens;
  const double query_in = attention.q_lora_rank ? *attention.q_lora_rank : shape.query;
  const double normed = attention.q_lora_rank ? query_in + shape.latent : shape.latent;
  const double rotary = (shape.heads + 1) * attention.qk_rope_head_dim;
  KernelList kernels;
  kernels.reserve(kMaxLatentProjections);
  kernels.push_back(Norm(sizes, tokens));
  kernels.push_back(WorkOfGemm({tokens, sizes.hidden, query_in + shape.cached}, sizes.attention));
  kernels.push_back(Traffic(2 * tokens * normed * sizes.row));  // norms of both latents
  if (attention.q_lora_rank) {
    kernels.push_back(WorkOfGemm({tokens, query_in, shape.query}, sizes.attention));
  }
  // Rotary embedding fused with the write into the cache.
  kernels.push_back(Traffic(tokens * (2 * rotary * sizes.row + shape.cached * sizes.cache)));
  AppendExpansion(kernels, attention, shape, model, batch);
  kernels.push_back(WorkOfGemm({tokens, shape.value, sizes.hidden}, sizes.attention));
  return kernels;
}

AttentionWork Work(const LatentAttention& attention, const ModelSpec& model,
                   const TokenBatch& batch, double tensor) {
  const Sizes sizes(model);
  const LatentShape shape(attention, tensor);
  // Sizes that each head works on, and those that memory holds per key.
  const double score_dim = batch.decode ? shape.heads * shape.cached : shape.query;
  const double value_dim = batch.decode ? shape.heads * shape.latent : shape.value;
  const double key_bytes =
      batch.decode
          ? shape.cached * sizes.cache
          : (shape.heads * attention.qk_nope_head_dim + attention.qk_rope_head_dim + shape.value) *
                sizes.row;
  const Flops flops{kFlopsPerMultiplyAdd * batch.tokens * KeysPerToken(batch) *
                    (score_dim + value_dim)};
  const Bytes bytes{batch.tokens * (score_dim + value_dim) * sizes.row +
                    KeyRows(batch) * key_bytes};
  return {LatentProjections(attention, shape, model, batch), Core(model, batch, flops, bytes)};
}

// Rows through the matrices of one FFN: up (and gate), activation, down.
struct FfnRows {
  double computed;      // by the matrix products, padding included
  double stored;        // read and written
  double matrices = 1;  // FFNs whose weights are read
};

ComputeWork GroupedGemm(const FfnRows& rows, double in, double out, const GemmFormats& formats) {
  const double weights = in * out;
  ComputeWork work;
  work.flops = Flops{kFlopsPerMultiplyAdd * rows.computed * weights};
  work.bytes = Bytes{rows.matrices * weights * formats.weight +
                     rows.stored * (in * formats.input + out * formats.output)};
  work.dtype = formats.dtype;
  return work;
}

void AppendFfn(KernelList& kernels, const ModelSpec& model, const FfnRows& rows, double width,
               const GemmFormats& formats) {
  const double hidden = model.hidden_size;
  const double up = (model.ffn_matrices - 1) * width;  // the gate, where there is one, beside it
  kernels.push_back(GroupedGemm(rows, hidden, up, formats));
  kernels.push_back(Traffic(rows.stored * (up * formats.output + width * formats.input)));
  kernels.push_back(GroupedGemm(rows, width, hidden, formats));
}

}  // namespace

AttentionWork WorkOfAttention(const ModelSpec& model, const TokenBatch& batch,
                              std::uint32_t tensor_parallel) {
  SWITCHYARD_CHECK(tensor_parallel > 0, "at least one tensor rank");
  if (batch.tokens <= 0) return {};
  return std::visit([&](const auto& kind) { return Work(kind, model, batch, tensor_parallel); },
                    model.attention);
}

KernelList WorkOfRouter(const ModelSpec& model, double tokens) {
  if (tokens <= 0 || !model.moe) return {};
  const Dtype dtype = model.dtypes.activations;
  GemmFormats formats = FormatsOf(dtype, dtype);
  formats.output = kLogitBytes;
  const double experts = model.moe->num_experts;
  const Sizes sizes(model);
  return {
      Norm(sizes, tokens),
      WorkOfGemm({tokens, sizes.hidden, experts}, formats),
      // Scores, selection and weights fused.
      Traffic(tokens * (experts * kLogitBytes + model.moe->top_k * kChoiceBytes)),
  };
}

KernelList WorkOfFfn(const ModelSpec& model, double tokens, double width) {
  if (tokens <= 0 || width <= 0) return {};
  const Sizes sizes(model);
  KernelList kernels;
  kernels.reserve(1 + kFfnKernels);
  kernels.push_back(Norm(sizes, tokens));
  AppendFfn(kernels, model, {.computed = tokens, .stored = tokens}, width, sizes.attention);
  return kernels;
}

KernelList WorkOfSharedExperts(const ModelSpec& model, double tokens) {
  const double width = model.moe ? model.moe->shared_intermediate_size : 0;
  if (tokens <= 0 || width <= 0) return {};
  KernelList kernels;
  kernels.reserve(kFfnKernels);
  AppendFfn(kernels, model, {.computed = tokens, .stored = tokens}, width, Sizes(model).attention);
  return kernels;
}

KernelList WorkOfExperts(const ModelSpec& model, std::span<const std::uint32_t> tokens_per_expert,
                         std::uint32_t tile) {
  SWITCHYARD_CHECK(tile > 0, "a tile has rows");
  FfnRows rows{.computed = 0, .stored = 0, .matrices = 0};
  for (const std::uint32_t tokens : tokens_per_expert) {
    if (tokens == 0) continue;
    const std::uint64_t tiles = (static_cast<std::uint64_t>(tokens) + tile - 1) / tile;
    rows.computed += static_cast<double>(tiles * tile);
    rows.stored += tokens;
    rows.matrices += 1;
  }
  if (rows.stored <= 0 || !model.moe) return {};
  const GemmFormats formats = FormatsOf(model.dtypes.expert_weights, model.dtypes.activations);
  const double elements = rows.stored * model.hidden_size;
  KernelList kernels;
  kernels.reserve(2 + kFfnKernels);
  // Permute gathers received rows by expert, in the format the products read; unpermute puts the
  // results back in the order of their senders.
  kernels.push_back(Traffic(2 * elements * formats.input));
  AppendFfn(kernels, model, rows, model.moe->intermediate_size, formats);
  kernels.push_back(Traffic(2 * elements * formats.output));
  return kernels;
}

KernelList WorkOfLmHead(const ModelSpec& model, double tokens, std::uint32_t tensor_parallel) {
  SWITCHYARD_CHECK(tensor_parallel > 0, "at least one tensor rank");
  if (tokens <= 0) return {};
  const Dtype dtype = model.dtypes.activations;
  const Sizes sizes(model);
  const double vocabulary = static_cast<double>(model.vocab_size) / tensor_parallel;
  return {Norm(sizes, tokens),
          WorkOfGemm({tokens, sizes.hidden, vocabulary}, FormatsOf(dtype, dtype))};
}

}  // namespace switchyard
