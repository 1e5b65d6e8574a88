// AssignSlots on the host. Every rule is an order in which choices are served: a choice gets the
// next slot of its expert, or none once the expert is full. Linear in the number of choices.
#include <algorithm>

#include "kernels/core/capacity.h"
#include "kernels/core/ordered_key.h"
#include "kernels/core/philox.h"
#include "kernels/core/slot_checks.h"
#include "kernels/core/weights.h"
#include "kernels/core/workspace.h"
#include "kernels/host/radix_sort.h"
#include "kernels/slots.h"

namespace switchyard::kernels {
namespace {

using host::KeyedIndex;
using host::SortByKey;

struct Scratch {
  HostSpan<KeyedIndex> items;  // kWeight, kRandom: per choice; kTokenPriority: per token
  HostSpan<KeyedIndex> other;
  HostSpan<std::uint32_t> counters;
  HostSpan<std::uint8_t> served;  // kNoTokenLeftBehind: per token
  std::size_t bytes = 0;
};

Scratch Cut(const CapacitySpec& spec, std::uint32_t tokens, std::uint32_t top_k,
            std::byte* workspace) {
  core::Carver<Memory::kHost> carver(workspace);
  Scratch scratch;
  std::size_t sorted = 0;
  if (spec.drop == DropBy::kTokenPriority) sorted = tokens;
  if (spec.drop == DropBy::kWeight || spec.drop == DropBy::kRandom) {
    sorted = std::size_t{tokens} * top_k;
  }
  if (sorted > 0) {
    scratch.items = carver.Take<KeyedIndex>(sorted);
    scratch.other = carver.Take<KeyedIndex>(sorted);
    scratch.counters = carver.Take<std::uint32_t>(host::kCounters);
  }
  if (spec.drop == DropBy::kNoTokenLeftBehind) scratch.served = carver.Take<std::uint8_t>(tokens);
  scratch.bytes = carver.bytes();
  return scratch;
}

class Assignment {
 public:
  Assignment(const CapacitySpec& spec, const Choices<Memory::kHost>& choices,
             const SlotOutput<Memory::kHost>& out, const Scratch& scratch)
      : spec_(spec),
        choices_(choices),
        out_(out),
        scratch_(scratch),
        tokens_(choices.expert.rows),
        top_k_(choices.expert.cols),
        experts_(static_cast<std::uint32_t>(out.wanted.size)),
        capacity_(spec.drop == DropBy::kNone
                      ? core::kUnlimited
                      : core::CapacityOf(spec.rule, tokens_, experts_, top_k_, core::kUnlimited)) {}

  void Run() {
    std::fill_n(out_.wanted.data, out_.wanted.size, 0U);
    std::fill_n(out_.kept.data, out_.kept.size, 0U);
    ServeAll();
    if (spec_.slots == SlotOrder::kTokenOrder && !ServedInTokenOrder()) NumberByToken();
    if (choices_.weight.empty()) return;
    for (std::uint32_t t = 0; t < tokens_; ++t) {
      core::SettleWeights(spec_, out_.slot.Row(t), choices_.weight.Row(t), top_k_);
    }
  }

 private:
  void ServeAll() {
    switch (spec_.drop) {
      case DropBy::kNone:
      case DropBy::kPosition:
        ServeTokens([](std::uint32_t place) { return place; });
        break;
      case DropBy::kTokenPriority: {
        const KeyedIndex* order = TokensByWeight();
        ServeTokens([order](std::uint32_t place) { return order[place].index; });
        break;
      }
      case DropBy::kWeight:
        ServeByKey([this](std::size_t i) { return OrderedKey(choices_.weight.data[i]); });
        break;
      case DropBy::kRandom:
        ServeByKey([this](std::size_t i) {
          const auto token = static_cast<std::uint32_t>(i / top_k_);
          const auto choice = static_cast<std::uint32_t>(i % top_k_);
          return Philox({token, choice, 0, 0}, spec_.seed).x;
        });
        break;
      case DropBy::kNoTokenLeftBehind:
        LeaveNoTokenBehind();
        break;
    }
  }

  [[nodiscard]] bool ServedInTokenOrder() const {
    return (spec_.drop == DropBy::kNone || spec_.drop == DropBy::kPosition) &&
           spec_.order == ChoiceOrder::kTokenMajor;
  }

  // The next slot of its expert, or none. True when it was kept.
  bool Serve(std::size_t i) {
    const std::uint32_t expert = choices_.expert.data[i];
    std::int32_t& slot = out_.slot.data[i];
    slot = -1;
    if (expert >= experts_ || out_.kept[expert] >= capacity_) return false;
    slot = static_cast<std::int32_t>(out_.kept[expert]++);
    return true;
  }

  void ServeAndCount(std::size_t i) {
    const std::uint32_t expert = choices_.expert.data[i];
    if (expert < experts_) ++out_.wanted[expert];
    Serve(i);
  }

  // In the rule's order of choices; token_at: from a place in the queue to the token.
  template <class TokenAt>
  void ServeTokens(TokenAt token_at) {
    if (spec_.order == ChoiceOrder::kTokenMajor) {
      for (std::uint32_t place = 0; place < tokens_; ++place) {
        const std::size_t row = std::size_t{token_at(place)} * top_k_;
        for (std::uint32_t k = 0; k < top_k_; ++k) ServeAndCount(row + k);
      }
      return;
    }
    for (std::uint32_t k = 0; k < top_k_; ++k) {
      for (std::uint32_t place = 0; place < tokens_; ++place) {
        ServeAndCount(std::size_t{token_at(place)} * top_k_ + k);
      }
    }
  }

  // Largest key first; ties: lower token, then better choice, since the sort is stable.
  template <class KeyOf>
  void ServeByKey(KeyOf key_of) {
    const std::size_t choices = out_.slot.size();
    for (std::size_t i = 0; i < choices; ++i) {
      scratch_.items[i] = {~key_of(i), static_cast<std::uint32_t>(i)};
    }
    const KeyedIndex* order = SortByKey(scratch_.items, scratch_.other, scratch_.counters);
    for (std::size_t place = 0; place < choices; ++place) ServeAndCount(order[place].index);
  }

  const KeyedIndex* TokensByWeight() {
    for (std::uint32_t t = 0; t < tokens_; ++t) {
      const std::uint32_t key =
          core::LargestKey(choices_.expert.Row(t), choices_.weight.Row(t), top_k_, experts_);
      scratch_.items[t] = {~key, t};
    }
    return SortByKey(scratch_.items, scratch_.other, scratch_.counters);
  }

  void LeaveNoTokenBehind() {
    std::fill_n(scratch_.served.data, scratch_.served.size, std::uint8_t{0});
    std::fill_n(out_.slot.data, out_.slot.size(), -1);
    for (std::uint32_t k = 0; k < top_k_; ++k) {
      for (std::uint32_t t = 0; t < tokens_; ++t) {
        const std::uint32_t expert = choices_.expert.At(t, k);
        if (expert < experts_) ++out_.wanted[expert];
        if (scratch_.served[t] == 0) scratch_.served[t] = Serve(std::size_t{t} * top_k_ + k);
      }
    }
  }

  // Who is kept stays; the slots of an expert ascend with the token.
  void NumberByToken() {
    std::fill_n(out_.kept.data, out_.kept.size, 0U);
    for (std::size_t i = 0; i < out_.slot.size(); ++i) {
      std::int32_t& slot = out_.slot.data[i];
      if (slot >= 0) slot = static_cast<std::int32_t>(out_.kept[choices_.expert.data[i]]++);
    }
  }

  const CapacitySpec& spec_;
  const Choices<Memory::kHost>& choices_;
  const SlotOutput<Memory::kHost>& out_;
  const Scratch& scratch_;
  std::uint32_t tokens_;
  std::uint32_t top_k_;
  std::uint32_t experts_;
  std::uint32_t capacity_;
};

}  // namespace

std::size_t AssignSlotsWorkspace(const CapacitySpec& spec, std::uint32_t tokens,
                                 std::uint32_t /*experts*/, std::uint32_t top_k) {
  return Cut(spec, tokens, top_k, nullptr).bytes;
}

Status AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                   const Choices<Memory::kHost>& choices, const SlotOutput<Memory::kHost>& out,
                   HostSpan<std::byte> workspace) {
  if (const Status s = core::CheckAssignSlots(spec, experts, choices, out); !s.ok()) return s;
  const std::uint32_t tokens = choices.expert.rows;
  const std::uint32_t top_k = choices.expert.cols;
  if (workspace.size < AssignSlotsWorkspace(spec, tokens, experts, top_k)) {
    return {StatusCode::kWorkspaceTooSmall, 0, "workspace: at least AssignSlotsWorkspace bytes"};
  }
  if (!core::Given(workspace)) return {StatusCode::kInvalidShape, 0, "workspace: no memory given"};
  Assignment(spec, choices, out, Cut(spec, tokens, top_k, workspace.data)).Run();
  return {};
}

}  // namespace switchyard::kernels
