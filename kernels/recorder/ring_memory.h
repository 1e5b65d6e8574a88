// Memory of a recorder: a ring of slots, each with room for the choices of one step, and the way
// from where kernels write to where the writer thread reads.
//
// Addresses never change, so a CUDA graph that writes into a slot can be replayed. On the host the
// two places are the same; on a GPU a slot is copied to pinned memory on a stream of the ring's
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// One slot holds, layer after layer, [max_tokens, top_k] of each array.
struct RingShape {
  std::uint32_t slots = 3;  // one written by kernels, one on its way, one being encoded
  std::uint32_t layers = 0;
  std::uint32_t max_tokens = 0;  // of one step
  std::uint32_t top_k = 0;
  bool weights = true;  // RouteTopK writes them; false for a writer of choices alone
  bool drops =
      false;  // the slots that AssignSlots gave, from which the trace keeps who was dropped

  [[nodiscard]] std::size_t LayerItems() const { return std::size_t{max_tokens} * top_k; }
  [[nodiscard]] std::size_t Items() const { return LayerItems() * layers; }
};

// The arrays of a slot; absent ones are null.
struct SlotArrays {
  std::uint16_t* expert = nullptr;
  float* weight = nullptr;
  std::int32_t* slot = nullptr;
};

// A cudaStream_t; null on the host, and for the default stream.
using StreamHandle = void*;

// Contract: slots are numbered from 0; a slot's arrays lie in the memory of where(). For one slot
// the calls alternate, BeginCopy, FinishCopy, BeginCopy, …; FinishCopy may come from another
// thread. Different slots are independent.
class RingMemory {
 public:
  virtual ~RingMemory() = default;
  [[nodiscard]] virtual Memory where() const = 0;
  [[nodiscard]] virtual SlotArrays Slot(std::uint32_t slot) = 0;
  // Begins to bring the first `tokens` rows of every layer to the host, after what `stream` was
  // given before. Does not wait.
  virtual Status BeginCopy(std::uint32_t slot, std::uint32_t tokens, StreamHandle stream) = 0;
  // Waits for that copy. `host` are arrays of the slot's shape, valid until the slot's next
  // BeginCopy.
  virtual Status FinishCopy(std::uint32_t slot, SlotArrays& host) = 0;
};

[[nodiscard]] std::unique_ptr<RingMemory> MakeHostRing(const RingShape& shape);

}  // namespace switchyard::kernels
