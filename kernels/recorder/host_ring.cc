#include <vector>

#include "kernels/recorder/ring_memory.h"

namespace switchyard::kernels {
namespace {

// What kernels write is what the writer reads: nothing is copied.
class HostRing final : public RingMemory {
 public:
  explicit HostRing(const RingShape& shape)
      : items_(shape.Items()),
        expert_(items_ * shape.slots),
        weight_(shape.weights ? items_ * shape.slots : 0),
        slot_(shape.drops ? items_ * shape.slots : 0) {}

  [[nodiscard]] Memory where() const override { return Memory::kHost; }
  [[nodiscard]] SlotArrays Slot(std::uint32_t slot) override {
    const std::size_t at = items_ * slot;
    return {expert_.data() + at, weight_.empty() ? nullptr : weight_.data() + at,
            slot_.empty() ? nullptr : slot_.data() + at};
  }
  Status BeginCopy(std::uint32_t /*slot*/, std::uint32_t /*tokens*/,
                   StreamHandle /*stream*/) override {
    return {};
  }
  Status FinishCopy(std::uint32_t slot, SlotArrays& host) override {
    host = Slot(slot);
    return {};
  }

 private:
  std::size_t items_;
  std::vector<std::uint16_t> expert_;
  std::vector<float> weight_;
  std::vector<std::int32_t> slot_;
};

}  // namespace

std::unique_ptr<RingMemory> MakeHostRing(const RingShape& shape) {
  return std::make_unique<HostRing>(shape);
}

}  // namespace switchyard::kernels
