// The calls of a case, once for both places: routing, then slots, layout, permutation and
// statistics of what was routed.
//
//   HostPlace place;
//   const Status s = RunChain(c, in, place);
//
// A Place (host_place.h, device_place.cc) has arrays and the functions of the kernels:
//   kMemory                     where its arrays are
//   In(vector), Out<T>(name, n) pointers to a copy of an input, to an output that is reported
//   Zeroed<T>(name, n)          an output that begins with zeros
//   Copy(to, from, n)           from array to array, in order with the calls
//   Workspace(bytes)
//   Route, Hash, Choose, Stats, Slots, Layout, Permute: the functions of routing.h and slots.h
//   SlotsBytes, ChooseBytes     their workspaces
#pragma once

#include <algorithm>

#include "kernels/gpu/cases.h"
#include "kernels/gpu/inputs.h"
#include "kernels/routing.h"
#include "kernels/slots.h"

namespace switchyard::kernels::gpu {

template <class Place>
class Chain {
 public:
  static constexpr Memory kMemory = Place::kMemory;

  Chain(const Case& c, const Inputs& in, Place& place)
      : c_(c), in_(in), place_(place), k_(c.route.top_k), choices_(std::size_t{c.tokens} * k_) {}

  Status Run() {
    if (c_.operation == Operation::kExpertChoice) return RunExpertChoice();
    const auto out = Routed();
    const Status routed = c_.operation == Operation::kHash ? RunHash(out) : RunRoute(out);
    return routed.ok() ? AfterRouting(out) : routed;
  }

 private:
  template <class T>
  Matrix<T, kMemory> PerChoice(T* data) const {
    return {data, c_.tokens, k_};
  }
  template <class T>
  Span<T, kMemory> Out(const char* name, std::size_t size) {
    return {place_.template Out<T>(name, size), size};
  }
  template <class T>
  Span<const T, kMemory> In(const std::vector<T>& values) {
    return {place_.In(values), values.size()};
  }

  RouteOutput<kMemory> Routed() {
    return {PerChoice(place_.template Out<std::uint16_t>("expert", choices_)),
            PerChoice(place_.template Out<float>("weight", choices_)),
            place_.template Zeroed<RouteFlags>("flags", 1)};
  }

  template <class Logit>
  Matrix<const Logit, kMemory> Logits(const Logit* data) const {
    return {data, c_.tokens, c_.route.experts};
  }

  Status RunRoute(const RouteOutput<kMemory>& out) {
    const Span<const float, kMemory> bias = In(in_.bias);
    if (c_.type == LogitType::kFloat) {
      return place_.Route(c_.route, Logits(place_.In(in_.logits)), bias, out);
    }
    const std::uint16_t* bits = place_.In(in_.logits16);
    if (c_.type == LogitType::kBf16) {
      return place_.Route(c_.route, Logits(reinterpret_cast<const Bf16*>(bits)), bias, out);
    }
    return place_.Route(c_.route, Logits(reinterpret_cast<const Fp16*>(bits)), bias, out);
  }

  Status RunHash(const RouteOutput<kMemory>& out) {
    const auto rows = static_cast<std::uint32_t>(in_.table.size() / k_);
    const Matrix<const std::uint16_t, kMemory> table{place_.In(in_.table), rows, k_};
    return place_.Hash(In(in_.token_id), table, out);
  }

  Status RunExpertChoice() {
    const std::uint32_t slots = std::min(c_.expert_choice.capacity, c_.tokens);
    const std::size_t size = std::size_t{slots} * c_.route.experts;
    const Matrix<std::uint32_t, kMemory> token{place_.template Out<std::uint32_t>("token", size),
                                               c_.route.experts, slots};
    const Matrix<float, kMemory> weight{place_.template Out<float>("weight", size),
                                        c_.route.experts, slots};
    return place_.Choose(c_.expert_choice, Logits(place_.In(in_.logits)), token, weight,
                         place_.Workspace(place_.ChooseBytes(c_.expert_choice, c_.tokens)));
  }

  Status AfterRouting(const RouteOutput<kMemory>& routed) {
    const std::size_t experts = c_.route.experts;
    const Matrix<const std::uint16_t, kMemory> expert =
        PerChoice<const std::uint16_t>(routed.expert.data);
    const Choices<kMemory> choices{
        expert, PerChoice(place_.template Out<float>("weight_after_drop", choices_))};
    place_.Copy(choices.weight.data, routed.weight.data, choices_);
    const SlotOutput<kMemory> slots{PerChoice(place_.template Out<std::int32_t>("slot", choices_)),
                                    Out<std::uint32_t>("wanted", experts),
                                    Out<std::uint32_t>("kept", experts)};
    Status s = place_.Slots(
        c_.capacity, c_.route.experts, choices, slots,
        place_.Workspace(place_.SlotsBytes(c_.capacity, c_.tokens, c_.route.experts, k_)));
    if (s.ok()) s = RunLayout(expert, slots);
    if (s.ok()) s = RunPermutation(expert, slots);
    return s.ok() ? RunStats(expert) : s;
  }

  Status RunLayout(const Matrix<const std::uint16_t, kMemory>& expert,
                   const SlotOutput<kMemory>& slots) {
    const ExpertMap<kMemory> map{In(in_.expert_to_rank), In(in_.rank_to_node), c_.nodes};
    constexpr std::uint32_t kBits = 32;
    const std::uint32_t words = (c_.ranks + kBits - 1) / kBits;
    const LayoutOutput<kMemory> layout{
        Out<std::uint32_t>("per_expert", c_.route.experts),
        Out<std::uint32_t>("per_rank", c_.ranks),
        Out<std::uint32_t>("per_node", c_.nodes),
        {place_.template Out<std::uint32_t>("rank_bits", std::size_t{c_.tokens} * words), c_.tokens,
         words}};
    return place_.Layout(expert, PerChoice<const std::int32_t>(slots.slot.data), map, layout);
  }

  Status RunPermutation(const Matrix<const std::uint16_t, kMemory>& expert,
                        const SlotOutput<kMemory>& slots) {
    const std::size_t rows = MaxPermutationRows(c_.tokens, k_, c_.route.experts, c_.tile);
    const PermutationOutput<kMemory> rows_of{
        Out<std::uint32_t>("offset", std::size_t{c_.route.experts} + 1),
        Out<std::uint32_t>("row_to_flat", rows), Out<std::uint32_t>("flat_to_row", choices_)};
    return place_.Permute(expert, slots, c_.tile, rows_of);
  }

  Status RunStats(const Matrix<const std::uint16_t, kMemory>& expert) {
    const RouteStatsOutput<kMemory> stats{Out<std::uint32_t>("chosen", c_.route.experts),
                                          Out<std::uint32_t>("overlap", 2)};
    return place_.Stats(expert, c_.route.experts, stats);
  }

  const Case& c_;
  const Inputs& in_;
  Place& place_;
  std::uint32_t k_;
  std::size_t choices_;
};

template <class Place>
Status RunChain(const Case& c, const Inputs& in, Place& place) {
  return Chain<Place>(c, in, place).Run();
}

}  // namespace switchyard::kernels::gpu
