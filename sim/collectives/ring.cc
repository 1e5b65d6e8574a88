// Ring: every rank sends to its successor only. With n ranks and a buffer of S bytes each rank
// sends (n-1)/n S in a reduce-scatter or an all-gather, and 2 (n-1)/n S in an all-reduce, which is
// one after the other (Patarasuk, Yuan, JPDC 2009). The n-1 (2(n-1)) steps are pipelined chunks of
// one fluid flow to the successor; their latencies are ExtraSteps.
#include "sim/collectives/algorithms.h"

namespace switchyard {
namespace {

class Ring : public CollectiveAlgorithm {
 public:
  [[nodiscard]] std::string_view name() const override { return "ring"; }

  void AppendFlows(const CollectiveRequest& request, const Platform& platform,
                   std::vector<Flow>& flows) const override {
    const std::size_t n = request.ranks.size();
    if (n < 2 || request.bytes.value <= 0) return;
    const double share = static_cast<double>(n - 1) / static_cast<double>(n);
    const Bytes bytes = WholeBytes(Rounds(request.kind) * share * request.bytes.value);
    for (std::size_t i = 0; i < n; ++i) {
      const DeviceId from = request.ranks[i];
      const DeviceId to = request.ranks[(i + 1) % n];
      flows.push_back({platform.gpu(from), platform.gpu(to), from, to, bytes, 0});
    }
  }

  [[nodiscard]] std::uint32_t ExtraSteps(const CollectiveRequest& request) const override {
    const auto n = static_cast<std::uint32_t>(request.ranks.size());
    return n < 2 ? 0 : static_cast<std::uint32_t>(Rounds(request.kind)) * (n - 1) - 1;
  }

 private:
  static double Rounds(CollectiveKind kind) { return kind == CollectiveKind::kAllReduce ? 2 : 1; }
};

}  // namespace

std::unique_ptr<CollectiveAlgorithm> MakeRing() { return std::make_unique<Ring>(); }

}  // namespace switchyard
