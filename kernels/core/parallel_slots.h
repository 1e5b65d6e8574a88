// AssignSlots in parallel, as a sequence of steps over the whole batch. As on the host, every rule
// is an order in which choices are served; here a queue is ranked by warps (core/rank.h), and an
// order by weight or draw comes from a sort.
//
// `Backend` does the steps, each after the one before it: kernels on a stream
// (cuda/assign_slots.cu), or an emulation in the tests. Its functions return a Status:
//   Count(queue, plan, out), Rank(queue, plan, out)     core/rank.h over all tiles and experts
//   Keys(key_of, sort)             sort.keys[0][i] = key_of(i), sort.values[0][i] = i
//   Sort(sort, scratch, sorted)    ascending by key, stable; `sorted`: the values
//   SortScratchBytes(count, bytes)
//   Zero(data, bytes)
//   SettleWeights(spec, slot, weight)                   core/weights.h, every token
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/core/capacity.h"
#include "kernels/core/parallel_scratch.h"
#include "kernels/core/rank.h"
#include "kernels/slots.h"

namespace switchyard::kernels::core {

// One call of AssignSlots; arguments are checked.
template <class Backend, Memory kMemory>
class ParallelAssignment {
 public:
  ParallelAssignment(const CapacitySpec& spec, const Choices<kMemory>& choices,
                     const SlotOutput<kMemory>& out, const ParallelScratch<kMemory>& scratch,
                     Backend& backend)
      : spec_(spec), choices_(choices), out_(out), scratch_(scratch), backend_(backend) {
    queue_.expert = choices.expert.data;
    queue_.slot = out.slot.data;
    queue_.tokens = choices.expert.rows;
    queue_.top_k = choices.expert.cols;
    queue_.experts = static_cast<std::uint32_t>(out.wanted.size);
    queue_.choices = queue_.top_k;
    queue_.choice_order = spec.order;
    capacity_ =
        spec.drop == DropBy::kNone
            ? kUnlimited
            : core::CapacityOf(spec.rule, queue_.tokens, queue_.experts, queue_.top_k, kUnlimited);
  }

  Status Run() {
    if (const Status s = Serve(); !s.ok()) return s;
    if (spec_.slots == SlotOrder::kTokenOrder && !ServedInTokenOrder()) {
      if (const Status s = NumberByToken(); !s.ok()) return s;
    }
    if (choices_.weight.empty()) return {};
    return backend_.SettleWeights(spec_, out_.slot, choices_.weight);
  }

 private:
  [[nodiscard]] bool ServedInTokenOrder() const {
    return (spec_.drop == DropBy::kNone || spec_.drop == DropBy::kPosition) &&
           spec_.order == ChoiceOrder::kTokenMajor;
  }

  [[nodiscard]] RankPlan Plan(const Queue& queue) const {
    return {CutIntoTiles(queue.size(), queue.experts), scratch_.counts.data, capacity_};
  }

  Status Serve() {
    if (spec_.drop == DropBy::kNoTokenLeftBehind) return LeaveNoTokenBehind();
    if (scratch_.sort.count > 0) {
      if (const Status s = SortQueue(); !s.ok()) return s;
    }
    return backend_.Rank(queue_, Plan(queue_), {nullptr, out_.wanted.data, out_.kept.data});
  }

  Status SortQueue() {
    queue_.by_choice = spec_.drop != DropBy::kTokenPriority;
    const TokenKey token_key{choices_.expert.data, choices_.weight.data, queue_.top_k,
                             queue_.experts};
    const ChoiceKey choice_key{spec_, choices_.weight.data, queue_.top_k};
    const Status keys = queue_.by_choice ? backend_.Keys(choice_key, scratch_.sort)
                                         : backend_.Keys(token_key, scratch_.sort);
    return keys.ok() ? backend_.Sort(scratch_.sort, scratch_.sort_scratch, queue_.order) : keys;
  }

  // Round k ranks the k-th choices of the tokens that are not served yet.
  Status LeaveNoTokenBehind() {
    if (const Status s = backend_.Count(queue_, Plan(queue_), {nullptr, out_.wanted.data, nullptr});
        !s.ok()) {
      return s;
    }
    const std::size_t expert_bytes = queue_.experts * sizeof(std::uint32_t);
    const Bytes cleared[] = {{scratch_.first.data, expert_bytes},
                             {out_.kept.data, expert_bytes},
                             {scratch_.served.data, scratch_.served.size}};
    for (const Bytes& bytes : cleared) {
      if (const Status s = backend_.Zero(bytes.data, bytes.size); !s.ok()) return s;
    }
    Queue round = queue_;
    round.served = scratch_.served.data;
    round.choices = 1;
    for (std::uint32_t k = 0; k < queue_.top_k; ++k) {
      round.first_choice = k;
      const RankOutputs out{scratch_.first.data, nullptr, out_.kept.data};
      if (const Status s = backend_.Rank(round, Plan(round), out); !s.ok()) return s;
    }
    return {};
  }

  // Who is kept stays; the slots of an expert ascend with the token.
  Status NumberByToken() {
    Queue queue = queue_;
    queue.order = nullptr;
    queue.by_choice = false;
    queue.choice_order = ChoiceOrder::kTokenMajor;
    queue.only_kept = true;
    return backend_.Rank(queue, Plan(queue), {});
  }

  struct Bytes {
    void* data;
    std::size_t size;
  };

  const CapacitySpec& spec_;
  const Choices<kMemory>& choices_;
  const SlotOutput<kMemory>& out_;
  const ParallelScratch<kMemory>& scratch_;
  Backend& backend_;
  Queue queue_;
  std::uint32_t capacity_ = 0;
};

}  // namespace switchyard::kernels::core
