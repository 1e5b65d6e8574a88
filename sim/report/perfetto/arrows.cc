#include "sim/report/perfetto/arrows.h"

#include <numeric>

#include "sim/report/perfetto/clock.h"

namespace switchyard::perfetto {

Arrows::Arrows(const Timeline& timeline, const MoeIndex& moe)
    : timeline_(timeline), moe_(moe), num_devices_(timeline.num_devices) {
  GroupBySender();
}

// Counting sort of the devices of each group by their last sender; devices that waited for nobody
// else are their own sender and left out.
void Arrows::GroupBySender() {
  const std::size_t entries = moe_.num_groups() * num_devices_;
  first_waiting_.assign(entries + 1, 0);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t device = i % num_devices_;
    const std::size_t sender = LastSender(i / num_devices_, device);
    if (sender != device) ++first_waiting_[i - device + sender + 1];
  }
  std::partial_sum(first_waiting_.begin(), first_waiting_.end(), first_waiting_.begin());
  waiting_.resize(first_waiting_.back());
  std::vector<std::uint32_t> next(first_waiting_.begin(), first_waiting_.end() - 1);
  for (std::size_t i = 0; i < entries; ++i) {
    const std::size_t device = i % num_devices_;
    const std::size_t sender = LastSender(i / num_devices_, device);
    if (sender != device)
      waiting_[next[i - device + sender]++] = static_cast<std::uint32_t>(device);
  }
}

// The device itself when its dispatch waited for no other device of the same task.
std::size_t Arrows::LastSender(std::size_t group, std::size_t device) const {
  const std::optional<TaskId> dispatch = moe_.TaskOf(group, MoeIndex::kDispatch, device);
  if (!dispatch) return device;
  const std::uint32_t cause = timeline_.at(*dispatch, DeviceId(device)).end_cause_device;
  if (cause >= num_devices_) return device;
  return moe_.TaskOf(group, MoeIndex::kDispatch, cause) == dispatch ? cause : device;
}

std::uint64_t Arrows::IdOf(std::size_t group, std::size_t sink, Edge edge) const {
  return 1 + (std::uint64_t{group} * num_devices_ + sink) * kNumEdges + edge;
}

bool Arrows::Exists(std::size_t group, std::size_t source, std::size_t sink, Edge edge) const {
  // Slices may be moved by a nanosecond to keep them apart; arrows keep twice that distance.
  constexpr std::uint64_t kMinNanoseconds = 2;
  const bool to_combine = edge == kLocalCombine;
  const auto from =
      moe_.TaskOf(group, to_combine ? MoeIndex::kExpertGemm : MoeIndex::kDispatch, source);
  const auto to = moe_.TaskOf(group, to_combine ? MoeIndex::kCombine : MoeIndex::kExpertGemm, sink);
  if (!from || !to) return false;
  return ToNanoseconds(timeline_.at(*from, DeviceId(source)).start) + kMinNanoseconds <=
         ToNanoseconds(timeline_.at(*to, DeviceId(sink)).start);
}

void Arrows::At(std::size_t group, TaskId task, DeviceId device,
                std::vector<std::uint64_t>& leaving, std::vector<std::uint64_t>& ending) const {
  leaving.clear();
  ending.clear();
  const std::size_t d = device.index();
  const auto add = [&](std::vector<std::uint64_t>& ids, std::size_t source, std::size_t sink,
                       Edge edge) {
    if (Exists(group, source, sink, edge)) ids.push_back(IdOf(group, sink, edge));
  };
  if (moe_.TaskOf(group, MoeIndex::kDispatch, d) == task) {
    add(leaving, d, d, kLocalDispatch);
    const std::size_t entry = group * num_devices_ + d;
    for (std::uint32_t i = first_waiting_[entry]; i < first_waiting_[entry + 1]; ++i)
      add(leaving, d, waiting_[i], kRemoteDispatch);
  }
  if (moe_.TaskOf(group, MoeIndex::kExpertGemm, d) == task) {
    add(ending, d, d, kLocalDispatch);
    const std::size_t sender = LastSender(group, d);
    if (sender != d) add(ending, sender, d, kRemoteDispatch);
    add(leaving, d, d, kLocalCombine);
  }
  if (moe_.TaskOf(group, MoeIndex::kCombine, d) == task) add(ending, d, d, kLocalCombine);
}

}  // namespace switchyard::perfetto
