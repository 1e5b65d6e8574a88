#include "kernels/gpu/timed_problem.h"

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/core/philox.h"
#include "kernels/gpu/test_kernels.h"

namespace switchyard::kernels::gpu {
namespace {

// Sets begin at multiples of 256 bytes, as allocations do.
std::size_t Strided(std::size_t elements) {
  constexpr std::size_t kElements = 128;  // of two bytes or more
  return (elements + kElements - 1) / kElements * kElements;
}

constexpr std::array kTimedDrops = {DropBy::kNone,   DropBy::kPosition,
                                    DropBy::kWeight, DropBy::kTokenPriority,
                                    DropBy::kRandom, DropBy::kNoTokenLeftBehind};

// Enough for each rule in both orders: problems are timed under all of them.
std::size_t LargestWorkspace(const TimedShape& shape) {
  std::size_t bytes = 0;
  CapacitySpec spec;
  for (const DropBy drop : kTimedDrops) {
    spec.drop = drop;
    for (const ChoiceOrder order : {ChoiceOrder::kTokenMajor, ChoiceOrder::kChoiceMajor}) {
      spec.order = order;
      bytes = std::max(bytes, AssignSlotsDeviceWorkspace(spec, shape.tokens, shape.route.experts,
                                                         shape.route.top_k));
    }
  }
  return bytes;
}

std::uint32_t SetsOf(const TimedShape& shape, std::size_t l2_bytes) {
  const std::size_t bytes = std::max<std::size_t>(shape.RouteBytes(), 1);
  const std::size_t sets = (2 * l2_bytes + bytes - 1) / bytes;
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(sets, TimedProblem::kLeastSets, TimedProblem::kMostSets));
}

template <class T>
void Upload(const DeviceBuffer<T>& to, const std::vector<T>& from, Status& status) {
  if (!status.ok()) return;
  status =
      CudaStatus(cudaMemcpy(to.get(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice),
                 "an input could not be copied to the GPU");
}

std::vector<std::uint16_t> InBlocks(std::size_t things, std::size_t places) {
  std::vector<std::uint16_t> place(things);
  for (std::size_t i = 0; i < things; ++i) {
    place[i] = static_cast<std::uint16_t>(i * places / things);
  }
  return place;
}

// Small against the scores, so that loads stay even.
std::vector<float> SmallBias(std::size_t experts) {
  constexpr float kSpread = 0.02F;
  constexpr std::uint64_t kSeed = 8;
  std::vector<float> bias(experts);
  for (std::size_t e = 0; e < experts; ++e) {
    bias[e] =
        kSpread * (UnitFloat(Philox({static_cast<std::uint32_t>(e), 0, 0, 0}, kSeed).x) - 0.5F);
  }
  return bias;
}

}  // namespace

std::size_t TimedShape::RouteBytes() const {
  const std::size_t logit = bf16 ? sizeof(Bf16) : sizeof(float);
  return std::size_t{tokens} * route.experts * logit +
         Choices() * (sizeof(std::uint16_t) + sizeof(float));
}
std::size_t TimedShape::SlotBytes(bool weights) const {
  const std::size_t each = sizeof(std::uint16_t) + sizeof(std::int32_t);
  return Choices() * (each + (weights ? 2 * sizeof(float) : 0));
}
std::size_t TimedShape::LayoutBytes() const {
  constexpr std::size_t kWords = (TimedProblem::kRanks + 31) / 32;
  return SlotBytes(false) + tokens * kWords * sizeof(std::uint32_t);
}
std::size_t TimedShape::PermutationBytes() const {
  return SlotBytes(false) + Choices() * 2 * sizeof(std::uint32_t);
}

TimedProblem::TimedProblem(const TimedShape& shape, std::size_t l2_bytes, cudaStream_t stream,
                           Status& status)
    : shape_(shape),
      sets_(SetsOf(shape, l2_bytes)),
      logit_stride_(Strided(std::size_t{shape.tokens} * shape.route.experts)),
      choice_stride_(Strided(shape.Choices())),
      expert_stride_(Strided(std::size_t{shape.route.experts} + 1)),
      row_stride_(
          Strided(MaxPermutationRows(shape.tokens, shape.route.top_k, shape.route.experts, kTile))),
      workspace_bytes_(LargestWorkspace(shape)),
      logits_(shape.bf16 ? 0 : sets_ * logit_stride_, false, status),
      logits16_(shape.bf16 ? sets_ * logit_stride_ : 0, false, status),
      bias_(expert_stride_, false, status),
      expert_(sets_ * choice_stride_, false, status),
      weight_(sets_ * choice_stride_, false, status),
      slot_(sets_ * choice_stride_, false, status),
      wanted_(sets_ * expert_stride_, false, status),
      kept_(sets_ * expert_stride_, false, status),
      per_expert_(expert_stride_, false, status),
      per_place_(kRanks + kNodes, false, status),
      rank_bits_(shape.tokens, false, status),
      offset_(expert_stride_, false, status),
      row_to_flat_(sets_ * row_stride_, false, status),
      flat_to_row_(sets_ * choice_stride_, false, status),
      expert_to_rank_(shape.route.experts, false, status),
      rank_to_node_(kRanks, false, status),
      workspace_(workspace_bytes_, false, status) {
  static_assert(kRanks == 32, "rank_bits has one word per token");
  Upload(expert_to_rank_, InBlocks(shape.route.experts, kRanks), status);
  Upload(rank_to_node_, InBlocks(kRanks, kNodes), status);
  Upload(bias_, SmallBias(shape.route.experts), status);
  if (status.ok()) Fill(stream, status);
}

void TimedProblem::Fill(cudaStream_t stream, Status& status) const {
  constexpr std::uint64_t kSeed = 7;
  const std::size_t logits = sets_ * logit_stride_;
  status = shape_.bf16 ? FillLogits(DeviceSpan<Bf16>{logits16_.get(), logits}, kSeed, stream)
                       : FillLogits(DeviceSpan<float>{logits_.get(), logits}, kSeed, stream);
  CapacitySpec dropless;
  for (std::uint32_t set = 0; set < sets_ && status.ok(); ++set) {
    status = Route(set, stream);
    if (status.ok()) status = Slots(dropless, set, stream);
  }
}

std::uint32_t TimedProblem::Calls() const {
  constexpr std::uint32_t kLeast = 16;
  return sets_ * ((kLeast + sets_ - 1) / sets_);
}

template <class T>
DeviceMatrix<T> TimedProblem::PerChoice(T* first, std::uint32_t set) const {
  return {first + set * choice_stride_, shape_.tokens, shape_.route.top_k};
}

Status TimedProblem::Route(std::uint32_t set, cudaStream_t stream) const {
  set %= sets_;
  const RouteSpec& spec = shape_.route;
  const RouteOutput<Memory::kDevice> out{PerChoice(expert_.get(), set),
                                         PerChoice(weight_.get(), set), nullptr};
  const bool biased = spec.select == SelectOn::kScorePlusBias;
  const DeviceSpan<const float> bias{biased ? bias_.get() : nullptr,
                                     biased ? std::size_t{spec.experts} : 0};
  const std::size_t at = set * logit_stride_;
  if (shape_.bf16) {
    return RouteTopK(spec,
                     DeviceMatrix<const Bf16>{logits16_.get() + at, shape_.tokens, spec.experts},
                     bias, out, stream);
  }
  return RouteTopK(spec, DeviceMatrix<const float>{logits_.get() + at, shape_.tokens, spec.experts},
                   bias, out, stream);
}

SlotOutput<Memory::kDevice> TimedProblem::SlotsOf(std::uint32_t set) const {
  const std::size_t experts = shape_.route.experts;
  return {PerChoice(slot_.get(), set),
          {wanted_.get() + set * expert_stride_, experts},
          {kept_.get() + set * expert_stride_, experts}};
}

Status TimedProblem::Slots(const CapacitySpec& spec, std::uint32_t set, cudaStream_t stream) const {
  set %= sets_;
  Choices<Memory::kDevice> choices{PerChoice<const std::uint16_t>(expert_.get(), set), {}};
  if (spec.drop != DropBy::kNone) choices.weight = PerChoice(weight_.get(), set);
  return AssignSlots(spec, shape_.route.experts, choices, SlotsOf(set),
                     {workspace_.get(), workspace_bytes_}, stream);
}

Status TimedProblem::Layout(std::uint32_t set, cudaStream_t stream) const {
  set %= sets_;
  const std::size_t experts = shape_.route.experts;
  const ExpertMap<Memory::kDevice> map{
      {expert_to_rank_.get(), experts}, {rank_to_node_.get(), kRanks}, kNodes};
  const LayoutOutput<Memory::kDevice> out{{per_expert_.get(), experts},
                                          {per_place_.get(), kRanks},
                                          {per_place_.get() + kRanks, kNodes},
                                          {rank_bits_.get(), shape_.tokens, 1}};
  return DispatchLayout(PerChoice<const std::uint16_t>(expert_.get(), set),
                        PerChoice<const std::int32_t>(slot_.get(), set), map, out, stream);
}

Status TimedProblem::Permute(std::uint32_t set, cudaStream_t stream) const {
  set %= sets_;
  const PermutationOutput<Memory::kDevice> out{
      {offset_.get(), std::size_t{shape_.route.experts} + 1},
      {row_to_flat_.get() + set * row_stride_, row_stride_},
      {flat_to_row_.get() + set * choice_stride_, shape_.Choices()}};
  return Permutation(PerChoice<const std::uint16_t>(expert_.get(), set), SlotsOf(set), kTile, out,
                     stream);
}

}  // namespace switchyard::kernels::gpu
