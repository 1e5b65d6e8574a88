// What every routing function asks of its arguments before it writes anything, on host and GPU.
#pragma once

#include <cstdint>

#include "kernels/routing.h"

namespace switchyard::kernels {

inline Status BadShape(const char* what) { return {StatusCode::kInvalidShape, 0, what}; }

inline bool TooManyChoices(std::uint32_t tokens, std::uint32_t top_k) {
  return std::uint64_t{tokens} * top_k >= std::uint64_t{1} << 31U;
}

template <Memory kMemory>
Status CheckOutput(const RouteOutput<kMemory>& out, std::uint32_t tokens, std::uint32_t top_k) {
  if (out.expert.rows != tokens || out.expert.cols != top_k) {
    return BadShape("expert: one row per token, top_k columns");
  }
  const bool weighs = !out.weight.empty();
  if (weighs && (out.weight.rows != tokens || out.weight.cols != top_k)) {
    return BadShape("weight: one row per token, top_k columns, or empty");
  }
  if (TooManyChoices(tokens, top_k)) return BadShape("tokens times top_k: below 2^31");
  const bool absent = out.expert.data == nullptr || (weighs && out.weight.data == nullptr);
  if (tokens > 0 && absent) {
    return BadShape("expert, weight: no memory given");
  }
  return {};
}

template <class Logit, Memory kMemory>
Status CheckRoute(const RouteSpec& spec, const Matrix<const Logit, kMemory>& logits,
                  const Span<const float, kMemory>& bias, const RouteOutput<kMemory>& out) {
  if (const Status s = Validate(spec); !s.ok()) return s;
  if (logits.cols != spec.experts) return BadShape("logits: one column per expert");
  if (logits.rows > 0 && logits.data == nullptr) return BadShape("logits: no memory given");
  const std::size_t biases = spec.select == SelectOn::kScorePlusBias ? spec.experts : 0;
  if (bias.size != biases || (biases > 0 && bias.data == nullptr)) {
    return BadShape("bias: one per expert when selecting on score plus bias, else none");
  }
  return CheckOutput(out, logits.rows, spec.top_k);
}

template <Memory kMemory>
Status CheckHash(const Span<const std::int32_t, kMemory>& token_id,
                 const Matrix<const std::uint16_t, kMemory>& table,
                 const RouteOutput<kMemory>& out) {
  if (table.cols < 1 || table.cols > kMaxTopK) return BadShape("table: 1 to 64 columns");
  if (table.rows > 0 && table.data == nullptr) return BadShape("table: no memory given");
  if (token_id.size > 0xFFFFFFFFU) return BadShape("token_id: below 2^32 tokens");
  if (!token_id.empty() && token_id.data == nullptr) return BadShape("token_id: no memory given");
  return CheckOutput(out, static_cast<std::uint32_t>(token_id.size), table.cols);
}

template <Memory kMemory>
Status CheckExpertChoice(const ExpertChoiceSpec& spec, const Matrix<const float, kMemory>& logits,
                         const Matrix<std::uint32_t, kMemory>& token,
                         const Matrix<float, kMemory>& weight) {
  if (const Status s = Validate(spec); !s.ok()) return s;
  if (logits.cols != spec.experts) return BadShape("logits: one column per expert");
  if (TooManyChoices(logits.rows, 1)) return BadShape("tokens: below 2^31");
  const std::uint32_t slots = spec.capacity < logits.rows ? spec.capacity : logits.rows;
  if (token.rows != spec.experts || token.cols != slots) {
    return BadShape("token: one row per expert, min(capacity, tokens) columns");
  }
  if (weight.rows != spec.experts || weight.cols != slots) {
    return BadShape("weight: one row per expert, min(capacity, tokens) columns");
  }
  if (TooManyChoices(slots, spec.experts)) return BadShape("experts times slots: below 2^31");
  const bool absent = logits.data == nullptr || token.data == nullptr || weight.data == nullptr;
  if (slots > 0 && absent) return BadShape("logits, token, weight: no memory given");
  return {};
}

template <Memory kMemory>
Status CheckStats(const Matrix<const std::uint16_t, kMemory>& expert, std::uint32_t experts,
                  const RouteStatsOutput<kMemory>& out) {
  if (experts < 1 || experts > kMaxExperts) {
    return {StatusCode::kInvalidSpec, 0, "experts: 1 to 4096"};
  }
  if (expert.cols < 1 || expert.cols > kMaxTopK) return BadShape("expert: 1 to 64 columns");
  if (expert.rows > 0 && expert.data == nullptr) return BadShape("expert: no memory given");
  if (TooManyChoices(expert.rows, expert.cols)) return BadShape("tokens times top_k: below 2^31");
  if (out.per_expert.size != experts || out.per_expert.data == nullptr) {
    return BadShape("per_expert: one count per expert");
  }
  if (out.overlap.size != 2 || out.overlap.data == nullptr) return BadShape("overlap: two counts");
  return {};
}

}  // namespace switchyard::kernels
