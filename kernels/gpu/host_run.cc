// A case on the host.
#include <cstring>
#include <deque>

#include "kernels/gpu/chain.h"
#include "kernels/gpu/guards.h"
#include "kernels/gpu/outcome.h"

namespace switchyard::kernels::gpu {
namespace {

class HostPlace {
 public:
  static constexpr Memory kMemory = Memory::kHost;

  template <class T>
  const T* In(const std::vector<T>& values) {
    return values.data();
  }
  template <class T>
  T* Out(const char* name, std::size_t count) {
    outputs_.emplace_back(name, Guarded(count * sizeof(T)));
    return reinterpret_cast<T*>(outputs_.back().bytes.data());
  }
  template <class T>
  T* Zeroed(const char* name, std::size_t count) {
    T* const data = Out<T>(name, count);
    std::memset(static_cast<void*>(data), 0, count * sizeof(T));
    return data;
  }
  template <class T>
  void Copy(T* to, const T* from, std::size_t count) {
    if (count > 0) std::memcpy(to, from, count * sizeof(T));
  }
  HostSpan<std::byte> Workspace(std::size_t bytes) {
    workspaces_.emplace_back("workspace", Guarded(bytes));
    return {workspaces_.back().bytes.data(), bytes};
  }

  template <class Logits>
  Status Route(const RouteSpec& spec, Logits logits, HostSpan<const float> bias,
               const RouteOutput<kMemory>& out) {
    return RouteTopK(spec, logits, bias, out);
  }
  Status Hash(HostSpan<const std::int32_t> ids, HostMatrix<const std::uint16_t> table,
              const RouteOutput<kMemory>& out) {
    return RouteHash(ids, table, out);
  }
  Status Choose(const ExpertChoiceSpec& spec, HostMatrix<const float> logits,
                HostMatrix<std::uint32_t> token, HostMatrix<float> weight,
                HostSpan<std::byte> workspace) {
    return ExpertChoice(spec, logits, token, weight, workspace);
  }
  std::size_t ChooseBytes(const ExpertChoiceSpec& spec, std::uint32_t tokens) {
    return ExpertChoiceWorkspace(spec, tokens);
  }
  Status Stats(HostMatrix<const std::uint16_t> expert, std::uint32_t experts,
               const RouteStatsOutput<kMemory>& out) {
    return RouteStats(expert, experts, out);
  }
  std::size_t SlotsBytes(const CapacitySpec& spec, std::uint32_t tokens, std::uint32_t experts,
                         std::uint32_t top_k) {
    return AssignSlotsWorkspace(spec, tokens, experts, top_k);
  }
  Status Slots(const CapacitySpec& spec, std::uint32_t experts, const Choices<kMemory>& choices,
               const SlotOutput<kMemory>& out, HostSpan<std::byte> workspace) {
    return AssignSlots(spec, experts, choices, out, workspace);
  }
  Status Layout(HostMatrix<const std::uint16_t> expert, HostMatrix<const std::int32_t> slot,
                const ExpertMap<kMemory>& map, const LayoutOutput<kMemory>& out) {
    return DispatchLayout(expert, slot, map, out);
  }
  Status Permute(HostMatrix<const std::uint16_t> expert, const SlotOutput<kMemory>& slots,
                 std::uint32_t tile, const PermutationOutput<kMemory>& out) {
    return Permutation(expert, slots, tile, out);
  }

  Outcome Take() {
    Outcome outcome;
    for (Array& workspace : workspaces_) outcome.fault += StripCanary("workspace", workspace.bytes);
    for (Array& array : outputs_) {
      outcome.fault += StripCanary(array.name, array.bytes);
      outcome.arrays.push_back({array.name, std::move(array.bytes)});
    }
    return outcome;
  }

 private:
  struct Array {
    Array(const char* the_name, std::vector<std::byte> the_bytes)
        : name(the_name), bytes(std::move(the_bytes)) {}
    const char* name;
    std::vector<std::byte> bytes;  // with the canary; aligned for every type
  };
  std::deque<Array> outputs_;
  std::deque<Array> workspaces_;
};

}  // namespace

Outcome RunOnHost(const Case& c, const Inputs& in) {
  HostPlace place;
  const Status status = RunChain(c, in, place);
  Outcome outcome = place.Take();
  if (!status.ok()) outcome.fault = status.what;
  return outcome;
}

}  // namespace switchyard::kernels::gpu
