#include "models/cost/work.h"

#include <algorithm>

#include "models/cost/gemm.h"
#include "sim/base/check.h"

namespace switchyard {
namespace {

// A norm is fused with the residual addition before it: it reads the residual and the last block's
// output and writes the new residual and the normalised row (vLLM's fused_add_rms_norm).
constexpr double kNormPasses = 4;
// Kernels, besides matrix products, that serving engines launch per block.
constexpr int kNormKernels = 1;
constexpr int kRopeAndCacheKernels = 1;  // rotary embedding fused with the write into the cache
constexpr int kLatentNormKernels = 1;    // both latents in one kernel
constexpr int kActivationKernels = 1;    // SwiGLU
constexpr int kTopKKernels = 1;          // scores, selection and weights fused
constexpr int kPermuteKernels = 1;
constexpr int kUnpermuteKernels = 1;
// Decode splits a sequence's cache over thread blocks and merges their partial results in a second
// kernel (FlashDecoding; FlashMLA does the same); prefill needs one kernel.
constexpr int kPrefillCoreKernels = 1;
constexpr int kDecodeCoreKernels = 2;
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

void AddTraffic(ComputeWork& work, double bytes, int kernels) {
  work.bytes += Bytes{bytes};
  work.kernels += kernels;
}

void AddNorm(ComputeWork& work, const Sizes& sizes, double tokens) {
  AddTraffic(work, kNormPasses * tokens * sizes.hidden * sizes.row, kNormKernels);
}

ComputeWork Nothing(Dtype dtype, ComputeUnit unit = ComputeUnit::kGemm) {
  ComputeWork work;
  work.kernels = 0;
  work.dtype = dtype;
  work.unit = unit;
  return work;
}

// The core multiplies activations: 8-bit caches are expanded first.
Dtype CoreDtype(const ModelSpec& model) {
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

int CoreKernels(const TokenBatch& batch) {
  return batch.decode ? kDecodeCoreKernels : kPrefillCoreKernels;
}

AttentionWork Work(const GroupedAttention& attention, const ModelSpec& model,
                   const TokenBatch& batch, double tensor) {
  const Sizes sizes(model);
  const double query = attention.heads / tensor * attention.head_dim;
  // Ranks beyond the number of key/value heads hold copies of them.
  const double kv = std::max(1.0, attention.kv_heads / tensor) * attention.head_dim;
  AttentionWork work{Nothing(sizes.attention.dtype),
                     Nothing(CoreDtype(model), ComputeUnit::kAttention)};
  AddNorm(work.projections, sizes, batch.tokens);
  work.projections += WorkOfGemm({batch.tokens, sizes.hidden, query + 2 * kv}, sizes.attention);
  // Queries and keys are read and rewritten, keys and values stored in the cache.
  AddTraffic(work.projections, batch.tokens * (2 * (query + kv) * sizes.row + 2 * kv * sizes.cache),
             kRopeAndCacheKernels);
  work.projections += WorkOfGemm({batch.tokens, query, sizes.hidden}, sizes.attention);

  const double keys = KeysPerToken(batch);
  work.core.flops = Flops{kFlopsPerMultiplyAdd * 2 * batch.tokens * keys * query};
  work.core.bytes =
      Bytes{2 * batch.tokens * query * sizes.row + 2 * KeyRows(batch) * kv * sizes.cache};
  work.core.kernels = CoreKernels(batch);
  return work;
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

// DeepSeek-V2, arXiv 2405.04434, section 2.1. The down-projections are the same on every tensor
// rank, heads are divided.
ComputeWork LatentProjections(const LatentAttention& attention, const LatentShape& shape,
                              const Sizes& sizes, const TokenBatch& batch) {
  const double tokens = batch.tokens;
  ComputeWork work = Nothing(sizes.attention.dtype);
  AddNorm(work, sizes, tokens);
  const double query_in = attention.q_lora_rank ? *attention.q_lora_rank : shape.query;
  work += WorkOfGemm({tokens, sizes.hidden, query_in + shape.cached}, sizes.attention);
  const double normed = attention.q_lora_rank ? query_in + shape.latent : shape.latent;
  AddTraffic(work, 2 * tokens * normed * sizes.row, kLatentNormKernels);
  if (attention.q_lora_rank) {
    work += WorkOfGemm({tokens, query_in, shape.query}, sizes.attention);
  }
  const double rotary = (shape.heads + 1) * attention.qk_rope_head_dim;
  AddTraffic(work, tokens * (2 * rotary * sizes.row + shape.cached * sizes.cache),
             kRopeAndCacheKernels);
  const double nope = shape.heads * attention.qk_nope_head_dim;
  if (batch.decode) {
    // Absorbed: per head, the query is mapped into the latent and the result out of it, by one
    // batched product each. The matrices are those of the expansion.
    const double heads = shape.heads;
    work += WorkOfGemm({tokens, nope, shape.latent}, sizes.attention);
    work += WorkOfGemm({tokens, shape.latent, shape.value}, sizes.attention);
    // A batched product has one latent row per head where the two lines above count one.
    AddTraffic(
        work,
        tokens * (heads - 1) * shape.latent * (sizes.attention.output + sizes.attention.input), 0);
  } else {
    work += WorkOfGemm({tokens, shape.latent, nope + shape.value}, sizes.attention);
  }
  work += WorkOfGemm({tokens, shape.value, sizes.hidden}, sizes.attention);
  return work;
}

AttentionWork Work(const LatentAttention& attention, const ModelSpec& model,
                   const TokenBatch& batch, double tensor) {
  const Sizes sizes(model);
  const LatentShape shape(attention, tensor);
  AttentionWork work{LatentProjections(attention, shape, sizes, batch),
                     Nothing(CoreDtype(model), ComputeUnit::kAttention)};
  // Sizes that each head works on, and those that memory holds per key.
  const double score_dim = batch.decode ? shape.heads * shape.cached : shape.query;
  const double value_dim = batch.decode ? shape.heads * shape.latent : shape.value;
  const double key_bytes =
      batch.decode
          ? shape.cached * sizes.cache
          : (shape.heads * attention.qk_nope_head_dim + attention.qk_rope_head_dim + shape.value) *
                sizes.row;
  work.core.flops =
      Flops{kFlopsPerMultiplyAdd * batch.tokens * KeysPerToken(batch) * (score_dim + value_dim)};
  work.core.bytes =
      Bytes{batch.tokens * (score_dim + value_dim) * sizes.row + KeyRows(batch) * key_bytes};
  work.core.kernels = CoreKernels(batch);
  return work;
}

// Rows through the matrices of one FFN: up (and gate), activation, down.
struct FfnRows {
  double computed;      // by the matrix products, padding included
  double stored;        // read and written
  double matrices = 1;  // FFNs whose weights are read
};

void AddFfn(ComputeWork& work, const ModelSpec& model, const FfnRows& rows, double width,
            const GemmFormats& formats) {
  const double hidden = model.hidden_size;
  const double up = (model.ffn_matrices - 1) * width;  // the gate, where there is one, beside it
  const double weights = hidden * (up + width);
  work.flops += Flops{kFlopsPerMultiplyAdd * rows.computed * weights};
  AddTraffic(work, rows.matrices * weights * formats.weight, 0);
  AddTraffic(work, rows.stored * (hidden * formats.input + up * formats.output), 1);
  AddTraffic(work, rows.stored * (up * formats.output + width * formats.input), kActivationKernels);
  AddTraffic(work, rows.stored * (width * formats.input + hidden * formats.output), 1);
}

}  // namespace

AttentionWork WorkOfAttention(const ModelSpec& model, const TokenBatch& batch,
                              std::uint32_t tensor_parallel) {
  SWITCHYARD_CHECK(tensor_parallel > 0, "at least one tensor rank");
  if (batch.tokens <= 0) {
    return {Nothing(model.dtypes.attention_weights),
            Nothing(CoreDtype(model), ComputeUnit::kAttention)};
  }
  return std::visit([&](const auto& kind) { return Work(kind, model, batch, tensor_parallel); },
                    model.attention);
}

ComputeWork WorkOfRouter(const ModelSpec& model, double tokens) {
  const Dtype dtype = model.dtypes.activations;
  ComputeWork work = Nothing(dtype);
  if (tokens <= 0 || !model.moe) return work;
  GemmFormats formats = FormatsOf(dtype, dtype);
  formats.output = kLogitBytes;
  const double experts = model.moe->num_experts;
  const Sizes sizes(model);
  AddNorm(work, sizes, tokens);
  work += WorkOfGemm({tokens, sizes.hidden, experts}, formats);
  AddTraffic(work, tokens * (experts * kLogitBytes + model.moe->top_k * kChoiceBytes),
             kTopKKernels);
  return work;
}

ComputeWork WorkOfFfn(const ModelSpec& model, double tokens, double width) {
  const Sizes sizes(model);
  ComputeWork work = Nothing(sizes.attention.dtype);
  if (tokens <= 0 || width <= 0) return work;
  AddNorm(work, sizes, tokens);
  AddFfn(work, model, {.computed = tokens, .stored = tokens}, width, sizes.attention);
  return work;
}

ComputeWork WorkOfSharedExperts(const ModelSpec& model, double tokens) {
  const Sizes sizes(model);
  ComputeWork work = Nothing(sizes.attention.dtype);
  const double width = model.moe ? model.moe->shared_intermediate_size : 0;
  if (tokens <= 0 || width <= 0) return work;
  AddFfn(work, model, {.computed = tokens, .stored = tokens}, width, sizes.attention);
  return work;
}

ComputeWork WorkOfExperts(const ModelSpec& model, std::span<const std::uint32_t> tokens_per_expert,
                          std::uint32_t tile) {
  SWITCHYARD_CHECK(tile > 0, "a tile has rows");
  const GemmFormats formats = FormatsOf(model.dtypes.expert_weights, model.dtypes.activations);
  ComputeWork work = Nothing(formats.dtype);
  FfnRows rows{.computed = 0, .stored = 0, .matrices = 0};
  for (const std::uint32_t tokens : tokens_per_expert) {
    if (tokens == 0) continue;
    const std::uint64_t tiles = (static_cast<std::uint64_t>(tokens) + tile - 1) / tile;
    rows.computed += static_cast<double>(tiles * tile);
    rows.stored += tokens;
    rows.matrices += 1;
  }
  if (rows.stored <= 0 || !model.moe) return work;
  const double hidden = model.hidden_size;
  // Permute gathers received rows by expert, in the format the products read; unpermute puts the
  // results back in the order of their senders.
  AddTraffic(work, 2 * rows.stored * hidden * formats.input, kPermuteKernels);
  AddFfn(work, model, rows, model.moe->intermediate_size, formats);
  AddTraffic(work, 2 * rows.stored * hidden * formats.output, kUnpermuteKernels);
  return work;
}

ComputeWork WorkOfLmHead(const ModelSpec& model, double tokens, std::uint32_t tensor_parallel) {
  SWITCHYARD_CHECK(tensor_parallel > 0, "at least one tensor rank");
  const Dtype dtype = model.dtypes.activations;
  ComputeWork work = Nothing(dtype);
  if (tokens <= 0) return work;
  const Sizes sizes(model);
  AddNorm(work, sizes, tokens);
  const double vocabulary = static_cast<double>(model.vocab_size) / tensor_parallel;
  work += WorkOfGemm({tokens, sizes.hidden, vocabulary}, FormatsOf(dtype, dtype));
  return work;
}

}  // namespace switchyard
