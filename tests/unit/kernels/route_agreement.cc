#include "tests/unit/kernels/route_agreement.h"

#include <algorithm>
#include <sstream>

#include "kernels/core/ordered_key.h"

namespace switchyard::kernels {
namespace {

RouteBits Join(const std::vector<std::uint16_t>& expert, const std::vector<float>& weight,
               const RouteFlags& flags) {
  RouteBits bits;
  bits.words.assign(expert.begin(), expert.end());
  for (const float w : weight) bits.words.push_back(BitsOf(w));
  for (const std::uint32_t rows :
       {flags.nan_rows, flags.inf_rows, flags.short_rows, flags.saturated_rows}) {
    bits.words.push_back(rows);
  }
  return bits;
}

}  // namespace

RouteBits BitsOfReference(const RouteCase& c) {
  const ReferenceRoute route = ReferenceRouteTopK(c.spec, c.logits, c.bias);
  return Join(route.expert, route.weight, route.flags);
}

RouteBits BitsOfTwin(const RouteCase& c, Instructions instructions) {
  std::vector<std::uint16_t> expert(c.spec.top_k);
  std::vector<float> weight(c.spec.top_k);
  RouteFlags flags;
  RouteRows<float>(c.spec, {c.logits.data(), 1, c.spec.experts}, {c.bias.data(), c.bias.size()},
                   {{expert.data(), 1, c.spec.top_k}, {weight.data(), 1, c.spec.top_k}, &flags},
                   instructions);
  return Join(expert, weight, flags);
}

std::string Describe(const RouteCase& c, const RouteBits& want, const RouteBits& got) {
  const RouteSpec& s = c.spec;
  std::ostringstream text;
  text << "E " << s.experts << " K " << s.top_k << " score " << int(s.score) << " select "
       << int(s.select) << " weight " << int(s.weight) << " renormalise " << int(s.renormalise)
       << " groups " << s.topk_groups << " of " << s.groups << " by " << int(s.group_score) << " "
       << s.group_top_n << " masked " << int(s.masked) << " nan " << int(s.nan) << " tie "
       << int(s.tie) << "\n";
  for (std::size_t i = 0; i < std::min(want.words.size(), got.words.size()); ++i) {
    if (want.words[i] == got.words[i]) continue;
    text << "word " << i << " of " << want.words.size() << " (experts, weights, flags): want "
         << std::hex << want.words[i] << ", got " << got.words[i] << std::dec << "\n";
  }
  text << "row";
  for (std::size_t e = 0; e < std::min<std::size_t>(c.logits.size(), 64); ++e) {
    text << " " << c.logits[e];
  }
  return text.str();
}

void WordHash::Add(const RouteBits& bits) {
  constexpr std::uint64_t kPrime = 0x100000001B3U;
  constexpr int kByteBits = 8;
  for (const std::uint32_t word : bits.words) {
    for (int shift = 0; shift < 32; shift += kByteBits) {
      hash_ = (hash_ ^ (word >> shift & 0xFFU)) * kPrime;
    }
  }
}

}  // namespace switchyard::kernels
