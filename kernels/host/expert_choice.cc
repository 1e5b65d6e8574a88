#include "kernels/core/expert_choice.h"

#include <algorithm>
#include <array>

#include "kernels/core/checks.h"
#include "kernels/routing.h"

namespace switchyard::kernels {
namespace {

using Arrays = ExpertChoiceArrays<Memory::kHost>;

constexpr std::uint32_t kPartialSums = 32;

float SumOfHalves(std::array<float, kPartialSums>& partial) {
  for (std::uint32_t distance = kPartialSums / 2; distance > 0; distance /= 2) {
    for (std::uint32_t i = 0; i < distance; ++i) {
      partial[i] = det::Add(partial[i], partial[i + distance]);
    }
  }
  return partial[0];
}

// `count` logits, `stride` apart; logit i is added to partial sum PartOf(i).
template <class PartOf>
SoftmaxOf SoftmaxOver(const float* z, std::uint32_t count, std::size_t stride, PartOf part_of) {
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t i = 0; i < count; ++i) {
    largest = std::max(largest, OrderedKey(LogitOf(z[i * stride])));
  }
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(largest);
  std::array<float, kPartialSums> partial{};
  for (std::uint32_t i = 0; i < count; ++i) {
    float& sum = partial[part_of(i)];
    sum = det::Add(sum, SoftmaxAddend(LogitOf(z[i * stride]), softmax.max));
  }
  softmax.sum = SumOfHalves(partial);
  return softmax;
}

void FindKeysOverTokens(HostMatrix<const float> logits, const Arrays& arrays) {
  const std::uint32_t experts = logits.cols;
  for (std::uint32_t e = 0; e < experts; ++e) {
    const SoftmaxOf softmax = SoftmaxOver(logits.data + e, logits.rows, experts,
                                          [](std::uint32_t t) { return t % kPartialSums; });
    for (std::uint32_t t = 0; t < logits.rows; ++t) {
      arrays.key.At(e, t) = PairKey(LogitOf(logits.At(t, e)), softmax);
    }
  }
}

void FindKeysOverExperts(HostMatrix<const float> logits, const Arrays& arrays) {
  constexpr std::uint32_t kNeighbours = 4;
  for (std::uint32_t t = 0; t < logits.rows; ++t) {
    const SoftmaxOf softmax = SoftmaxOver(logits.Row(t), logits.cols, 1, [](std::uint32_t e) {
      return e / kNeighbours % kPartialSums;
    });
    for (std::uint32_t e = 0; e < logits.cols; ++e) {
      arrays.key.At(e, t) = PairKey(LogitOf(logits.At(t, e)), softmax);
    }
  }
}

// The key of the expert's C-th best token, by bisection over its bits, and how many tokens with
// just that key are taken.
struct Cut {
  std::uint32_t key = 0;
  std::uint32_t ties = 0;
};

Cut FindCut(const std::uint32_t* key, std::uint32_t tokens, std::uint32_t slots) {
  constexpr std::uint32_t kTopBit = 0x80000000U;
  const auto count = [&](std::uint32_t least) {
    std::uint32_t reaching = 0;
    for (std::uint32_t t = 0; t < tokens; ++t) reaching += key[t] >= least ? 1U : 0U;
    return reaching;
  };
  Cut cut;
  for (std::uint32_t bit = kTopBit; bit > 0; bit /= 2) {
    if (count(cut.key | bit) >= slots) cut.key |= bit;
  }
  cut.ties = slots - count(cut.key + 1);  // a share's key is far below the last
  return cut;
}

void Choose(const Arrays& arrays, std::uint32_t e, HostMatrix<std::uint32_t> token) {
  const std::uint32_t* const key = arrays.key.Row(e);
  const Cut cut = FindCut(key, arrays.key.cols, token.cols);
  std::uint32_t ties = 0;
  std::uint32_t taken = 0;
  for (std::uint32_t t = 0; taken < token.cols; ++t) {
    if (key[t] < cut.key || (key[t] == cut.key && ties == cut.ties)) continue;
    ties += key[t] == cut.key ? 1U : 0U;
    token.At(e, taken++) = t;
    ++arrays.hits[t];
  }
}

}  // namespace

std::size_t ExpertChoiceWorkspace(const ExpertChoiceSpec& spec, std::uint32_t tokens) {
  return ExpertChoiceBytes(spec, tokens);
}

Status ExpertChoice(const ExpertChoiceSpec& spec, HostMatrix<const float> logits,
                    HostMatrix<std::uint32_t> token, HostMatrix<float> weight,
                    HostSpan<std::byte> workspace) {
  if (const Status s = CheckExpertChoice(spec, logits, token, weight); !s.ok()) return s;
  if (const Status s = CheckWorkspace(spec, logits.rows, workspace); !s.ok()) return s;
  if (logits.rows == 0) return {};
  const Arrays arrays = LayOut(spec, logits.rows, workspace);
  std::fill_n(arrays.hits.data, arrays.hits.size, 0U);
  spec.softmax_over_tokens ? FindKeysOverTokens(logits, arrays)
                           : FindKeysOverExperts(logits, arrays);
  for (std::uint32_t e = 0; e < spec.experts; ++e) Choose(arrays, e, token);
  for (std::uint32_t e = 0; e < spec.experts; ++e) {
    for (std::uint32_t i = 0; i < token.cols; ++i) {
      const std::uint32_t t = token.At(e, i);
      weight.At(e, i) = PairWeight(arrays.key.At(e, t), spec.divide_by_hits, arrays.hits[t]);
    }
  }
  return {};
}

}  // namespace switchyard::kernels
