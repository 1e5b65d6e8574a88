// Direct: every rank exchanges with every other at once. With n ranks and a buffer of S bytes each
// rank sends S/n to each of the n-1 others in an all-to-all, a reduce-scatter and an all-gather; an
// all-reduce is the latter two (Thakur, Rabenseifner, Gropp, IJHPCA 2005, long-message pairwise
// exchange).
#include "sim/collectives/algorithms.h"

namespace switchyard {
namespace {

class Direct : public CollectiveAlgorithm {
 public:
  [[nodiscard]] std::string_view name() const override { return "direct"; }

  void AppendFlows(const CollectiveRequest& request, const Platform& platform,
                   std::vector<Flow>& flows) const override {
    const std::size_t n = request.ranks.size();
    if (n < 2 || request.bytes.value <= 0) return;
    const double rounds = request.kind == CollectiveKind::kAllReduce ? 2 : 1;
    const Bytes bytes = WholeBytes(rounds * request.bytes.value / static_cast<double>(n));
    for (const DeviceId from : request.ranks) {
      for (const DeviceId to : request.ranks) {
        if (from == to) continue;
        flows.push_back({platform.gpu(from), platform.gpu(to), from, to, bytes, 0});
      }
    }
  }

  [[nodiscard]] std::uint32_t ExtraSteps(const CollectiveRequest& request) const override {
    return request.kind == CollectiveKind::kAllReduce && request.ranks.size() > 1 ? 1 : 0;
  }
};

}  // namespace

std::unique_ptr<CollectiveAlgorithm> MakeDirect() { return std::make_unique<Direct>(); }

}  // namespace switchyard
