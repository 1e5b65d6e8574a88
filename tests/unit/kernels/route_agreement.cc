#include "tests/unit/kernels/route_agreement.h"

#include <algorithm>
#include <sstream>

#include "kernels/core/ordered_key.h"
#include "kernels/core/route.h"

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

RowInput InputOf(const RouteCase& c) {
  return {{c.logits.data(), LogitFormat::kFloat}, c.bias.data()};
}

// As the kernel's launcher: the least number of chunks that a kernel is built for.
template <std::uint32_t kChunks>
RowFlags RunInRegisters(const RouteCase& c, const RowOutput& out) {
  RegisterRow<HostWarp, kChunks> row;
  return RouteInRegisters<HostWarp>(c.spec, InputOf(c), row, out);
}

RowFlags RunInRegisters(const RouteCase& c, const RowOutput& out) {
  switch (ChunksOf(c.spec.experts)) {
    case 1:
      return RunInRegisters<1>(c, out);
    case 2:
      return RunInRegisters<2>(c, out);
    case 3:
      return RunInRegisters<3>(c, out);
    case 4:
      return RunInRegisters<4>(c, out);
    default:
      return RunInRegisters<8>(c, out);
  }
}

RowFlags RunInMemory(const RouteCase& c, const RowOutput& out) {
  std::vector<std::uint32_t> scratch(RouteScratchWords(c.spec), 0xDDDDDDDDU);
  return RouteInMemory<HostWarp>(c.spec, InputOf(c), scratch.data(), out);
}

RouteBits BitsOfLanes(const RouteCase& c, bool in_registers) {
  std::vector<std::uint16_t> expert(c.spec.top_k);
  std::vector<float> weight(c.spec.top_k);
  const RowOutput out{expert.data(), weight.data()};
  const RowFlags row = in_registers ? RunInRegisters(c, out) : RunInMemory(c, out);
  RouteFlags flags;
  flags.nan_rows = row.any_nan ? 1 : 0;
  flags.inf_rows = row.any_infinite ? 1 : 0;
  flags.short_rows = row.any_winner_not_finite ? 1 : 0;
  flags.saturated_rows = row.winner_ties_with_loser ? 1 : 0;
  return Join(expert, weight, flags);
}

}  // namespace

RouteBits BitsOfWarp(const RouteCase& c) { return BitsOfLanes(c, FitsRegisters(c.spec)); }
RouteBits BitsOfWarpInMemory(const RouteCase& c) { return BitsOfLanes(c, false); }

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
