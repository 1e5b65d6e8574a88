#include "sim/routing/trace/scale/more_choices.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

// In (0, 1], of a hash.
double Unit(std::uint64_t hash) { return (static_cast<double>(hash >> 12) + 1.0) * 0x1.0p-52; }

// A weight so small that it counts only where all others are 0.
constexpr double kUnseen = 1e-9;

}  // namespace

MoreChoices::MoreChoices(std::span<const ExpertIndex> choices, std::uint32_t top_k,
                         std::uint32_t num_experts)
    : top_k_(top_k), num_experts_(num_experts) {
  together_.assign(std::size_t{num_experts} * num_experts, 0);
  for (std::size_t begin = 0; begin < choices.size(); begin += top_k) {
    for (const ExpertIndex a : choices.subspan(begin, top_k)) {
      if (a == kNoExpert) continue;
      for (const ExpertIndex b : choices.subspan(begin, top_k)) {
        if (b != kNoExpert) ++together_[std::size_t{a} * num_experts + b];
      }
    }
  }
}

// A race: expert f arrives after an exponential time of rate w_f; the order of arrival is that of
// drawing without replacement with probabilities proportional to w (Efraimidis and Spirakis,
// Information Processing Letters 2006).
void MoreChoices::Fill(std::uint64_t draw, std::span<ExpertIndex> token) {
  const auto measured = token.first(top_k_);
  const auto more = token.subspan(top_k_);
  std::fill(more.begin(), more.end(), kNoExpert);
  weight_.assign(num_experts_, kUnseen);
  bool any = false;
  for (const ExpertIndex e : measured) {
    if (e == kNoExpert) continue;
    any = true;
    const std::uint32_t* const row = together_.data() + std::size_t{e} * num_experts_;
    for (std::uint32_t f = 0; f < num_experts_; ++f) weight_[f] += row[f];
  }
  if (!any) return;
  constexpr double kNever = std::numeric_limits<double>::infinity();
  time_.resize(num_experts_);
  for (std::uint32_t f = 0; f < num_experts_; ++f) {
    time_[f] = -std::log(Unit(Mix64(draw ^ Mix64(f)))) / weight_[f];
  }
  for (const ExpertIndex e : measured) {
    if (e != kNoExpert) time_[e] = kNever;
  }
  for (ExpertIndex& choice : more) {
    const auto next = std::min_element(time_.begin(), time_.end());
    choice = static_cast<ExpertIndex>(next - time_.begin());
    *next = kNever;
  }
}

}  // namespace switchyard
