// Fidelity "pairwise": every flow is a SimGrid flow under max-min fairness. The reference for all
// others.
#include <optional>

#include "sim/engine/executors.h"
#include "sim/engine/fluid_transfers.h"
#include "sim/engine/simgrid_session.h"
#include "sim/engine/task_runner.h"

namespace switchyard {
namespace {

class PairwiseExecutor : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "pairwise"; }

  [[nodiscard]] Result<Timeline> Run(const ExecutionRequest& request) const override {
    Diagnostics problems = Verify(request.graph);
    if (!problems.empty()) return problems;
    TaskRunner runner(request);
    std::optional<FluidTransfers> transfers;
    SimGridSession session(
        request.platform,
        [&](Event event) {
          event.kind < kFirstTransferEvent ? runner.OnEvent(event) : transfers->OnEvent(event);
        },
        [&](FlowTag tag) { transfers->OnFlowEnd(tag); });
    transfers.emplace(request, session, [&](TaskId task, DeviceId device, DeviceId cause) {
      runner.OnLeave(task, device, cause);
    });
    transfers->Use(session);
    return runner.Run(session, *transfers);
  }
};

}  // namespace

std::unique_ptr<Executor> MakePairwiseExecutor() { return std::make_unique<PairwiseExecutor>(); }

}  // namespace switchyard
