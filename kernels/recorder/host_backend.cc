#include <algorithm>
#include <vector>

#include "kernels/recorder/route_backend.h"
#include "kernels/routing.h"
#include "kernels/slots.h"

namespace switchyard::kernels {
namespace {

class HostBackend final : public RouteBackend {
 public:
  HostBackend(const RouteSpec& spec, const CapacityGroups& groups)
      : spec_(spec), groups_(groups), wanted_(spec.experts), kept_(spec.experts) {}

  [[nodiscard]] std::unique_ptr<RingMemory> MakeRing(const RingShape& shape,
                                                     Status& /*status*/) override {
    return MakeHostRing(shape);
  }
  [[nodiscard]] StreamHandle stream() const override { return nullptr; }

  Status Route(HostMatrix<const float> logits, HostSpan<const float> bias, const StepSlot& slot,
               const RowsPlace& place) override {
    const auto out = slot.Output<Memory::kHost>(place.layer);
    const Status routed = RouteTopK(spec_, logits, bias, out);
    if (!routed.ok() || groups_.spec.drop == DropBy::kNone) return routed;
    const std::uint32_t group = groups_.tokens == 0 ? slot.tokens() : groups_.tokens;
    for (std::uint32_t first = 0; first < slot.tokens(); first += group) {
      const std::uint32_t tokens = std::min(group, slot.tokens() - first);
      CapacitySpec spec = groups_.spec;
      spec.seed = GroupSeed(spec.seed, {place.layer, place.first_token + first});
      const Status assigned =
          Assign(spec, out, slot.Slots<Memory::kHost>(place.layer), first, tokens);
      if (!assigned.ok()) return assigned;
    }
    return {};
  }

 private:
  Status Assign(const CapacitySpec& spec, const RouteOutput<Memory::kHost>& out,
                HostMatrix<std::int32_t> slots, std::uint32_t first, std::uint32_t tokens) {
    const std::uint32_t k = spec_.top_k;
    workspace_.resize(AssignSlotsWorkspace(spec, tokens, spec_.experts, k));
    const Choices<Memory::kHost> choices{{out.expert.Row(first), tokens, k},
                                         {out.weight.Row(first), tokens, k}};
    const SlotOutput<Memory::kHost> output{{slots.Row(first), tokens, k},
                                           {wanted_.data(), wanted_.size()},
                                           {kept_.data(), kept_.size()}};
    return AssignSlots(spec, spec_.experts, choices, output,
                       {workspace_.data(), workspace_.size()});
  }

  RouteSpec spec_;
  CapacityGroups groups_;
  std::vector<std::uint32_t> wanted_;
  std::vector<std::uint32_t> kept_;
  std::vector<std::byte> workspace_;
};

}  // namespace

std::unique_ptr<RouteBackend> MakeHostBackend(const RouteSpec& spec, const CapacityGroups& groups) {
  return std::make_unique<HostBackend>(spec, groups);
}

}  // namespace switchyard::kernels
