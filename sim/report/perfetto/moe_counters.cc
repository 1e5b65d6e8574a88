#include <algorithm>
#include <numeric>
#include <utility>

#include "sim/report/perfetto/clock.h"
#include "sim/report/perfetto/context.h"

namespace switchyard::perfetto {
namespace {

// A counter that is written only when it changes.
class ChangeCounter {
 public:
  ChangeCounter(std::uint64_t track, PacketWriter& writer) : track_(track), writer_(writer) {}
  void Set(std::uint64_t at, double value) {
    if (value == shown_) return;
    writer_.Counter(at, track_, value);
    shown_ = value;
  }

 private:
  std::uint64_t track_;
  PacketWriter& writer_;
  double shown_ = 0;
};

// The MoE layers of one device in the order in which their experts start.
struct DeviceLoads {
  struct Start {
    std::uint64_t at;
    const TraceMoeLoad* load;
  };
  std::vector<Start> starts;
  std::uint64_t end = 0;  // of the last expert_gemm
};

DeviceLoads LoadsOf(const TraceContext& context, std::size_t device) {
  DeviceLoads loads;
  for (std::size_t g = 0; g < context.load_of_group.size(); ++g) {
    const auto gemm = context.moe.TaskOf(g, MoeIndex::kExpertGemm, device);
    if (context.load_of_group[g] == nullptr || !gemm) continue;
    const Interval& interval = context.input.timeline.at(*gemm, DeviceId(device));
    loads.starts.push_back({ToNanoseconds(interval.start), context.load_of_group[g]});
    loads.end = std::max(loads.end, ToNanoseconds(interval.end));
  }
  std::stable_sort(loads.starts.begin(), loads.starts.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return loads;
}

void WriteDevice(const TraceContext& context, std::size_t device, PacketWriter& writer) {
  const DeviceLoads loads = LoadsOf(context, device);
  ChangeCounter total(context.tracks.device_tokens[device], writer);
  for (const auto& [at, load] : loads.starts)
    total.Set(at, static_cast<double>(load->device_tokens[device]));
  total.Set(loads.end, 0);
  const std::vector<std::uint64_t>& slots = context.tracks.slot_tokens[device];
  for (std::size_t s = 0; s < slots.size(); ++s) {
    ChangeCounter tokens(slots[s], writer);
    for (const auto& [at, load] : loads.starts) {
      const bool known = device < load->slot_tokens.size() && s < load->slot_tokens[device].size();
      tokens.Set(at, known ? static_cast<double>(load->slot_tokens[device][s]) : 0.0);
    }
    tokens.Set(loads.end, 0);
  }
}

double MaxOverMean(const std::vector<std::uint64_t>& tokens) {
  const auto total = static_cast<double>(std::accumulate(tokens.begin(), tokens.end(), 0ULL));
  if (total == 0) return 1.0;
  const auto most = static_cast<double>(*std::max_element(tokens.begin(), tokens.end()));
  return most * static_cast<double>(tokens.size()) / total;
}

// The imbalance of a layer is shown from where its first device starts its experts.
void WriteImbalance(const TraceContext& context, PacketWriter& writer) {
  std::vector<std::pair<std::uint64_t, double>> samples;
  for (std::size_t g = 0; g < context.load_of_group.size(); ++g) {
    const TraceMoeLoad* load = context.load_of_group[g];
    if (load == nullptr) continue;
    std::optional<std::uint64_t> first;
    for (std::size_t d = 0; d < context.input.graph.num_devices; ++d) {
      const auto gemm = context.moe.TaskOf(g, MoeIndex::kExpertGemm, d);
      if (!gemm) continue;
      const std::uint64_t at = ToNanoseconds(context.input.timeline.at(*gemm, DeviceId(d)).start);
      first = std::min(first.value_or(at), at);
    }
    if (first) samples.emplace_back(*first, MaxOverMean(load->device_tokens));
  }
  std::stable_sort(samples.begin(), samples.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  ChangeCounter imbalance(context.tracks.imbalance, writer);
  for (const auto& [at, value] : samples) imbalance.Set(at, value);
}

}  // namespace

void WriteMoeCounters(const TraceContext& context, PacketWriter& writer) {
  if (context.input.moe_loads.empty()) return;
  for (std::size_t d = 0; d < context.input.graph.num_devices; ++d) WriteDevice(context, d, writer);
  WriteImbalance(context, writer);
}

}  // namespace switchyard::perfetto
