// The kernels that the parts of a layer run for the tokens of one device, with their FLOPs and
// bytes. A multiply-add counts 2 FLOPs.
//
//   // Norm, router product, top-k: three kernels, each with its own traffic.
//   const KernelList router = WorkOfRouter(model, 128);
//
// Every matrix product and every pass over the activations between two of them is a kernel of its
// own in the list. No tokens: an empty list.
//
// Projections of one token cost 2 FLOPs per weight. Weights are read once per kernel whatever the
// number of tokens, activations once per token. `tensor_parallel` divides heads and FFN width; it
// must divide heads.
#pragma once

#include <cstdint>
#include <span>

#include "models/cost/compute_cost.h"
#include "models/model_spec.h"

namespace switchyard {

// The tokens that one device's attention works on.
struct TokenBatch {
  double tokens = 0;          // rows of every projection
  double context_length = 0;  // decode: cached tokens per sequence; prefill: prompt length
  bool decode = false;        // one row per sequence, against context_length cached tokens
};

// Projections (with the norm before them) and attention core apart.
struct AttentionWork {
  KernelList projections;
  KernelList core;
};

// Prefill: causal, so each token meets context/2 keys on average. Decode: context keys per token,
// reading the cache. Latent attention: prefill expands the latent to per-head keys and values;
// decode absorbs the expansion into queries and outputs and reads the latent itself (DeepSeek-V2,
// arXiv 2405.04434, section 2.1.2). The two absorbed products are not quantised, whatever the
// weights' dtype: vLLM keeps 16-bit copies of W_UK and W_UV and multiplies in 16 bits
// (process_weights_after_loading in vllm/v1/attention/backends/mla/common.py).
[[nodiscard]] AttentionWork WorkOfAttention(const ModelSpec& model, const TokenBatch& batch,
                                            std::uint32_t tensor_parallel);
// Norm, router GEMM (hidden x experts), score and top-k. In the activations' dtype: routers stay
// unquantised (DeepSeek-V3, arXiv 2412.19437, section 3.3.1).
[[nodiscard]] KernelList WorkOfRouter(const ModelSpec& model, double tokens);
// FFN of `width` with the norm before it (dense layer: dense_intermediate_size / tensor ranks).
[[nodiscard]] KernelList WorkOfFfn(const ModelSpec& model, double tokens, double width);
// All shared experts as one FFN of their summed width. Without a norm: they read the rows that the
// router's norm wrote.
[[nodiscard]] KernelList WorkOfSharedExperts(const ModelSpec& model, double tokens);
// Local experts of one device: tokens_per_expert[i] rows each, rounded up to `tile` rows; weights
// of an expert without tokens are not read. Permute, one grouped GEMM for up (and gate) of all
// experts, activation, one for down, unpermute. A grouped GEMM is one kernel: its experts' tiles
// share the device, so FLOPs and bytes are summed over experts before they meet the roofline.
[[nodiscard]] KernelList WorkOfExperts(const ModelSpec& model,
                                       std::span<const std::uint32_t> tokens_per_expert,
                                       std::uint32_t tile);
// Final norm and LM head, which stays in the activations' dtype (as the router), for `tokens` rows
// (prefill: one row per sequence is enough; decode: all).
[[nodiscard]] KernelList WorkOfLmHead(const ModelSpec& model, double tokens,
                                      std::uint32_t tensor_parallel);

}  // namespace switchyard
