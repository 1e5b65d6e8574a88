// Fidelity "flow": every flow under max-min fairness, as in "pairwise", but shared out by a solver
// of our own. SimGrid keeps the time.
#include <optional>

#include "sim/engine/executors.h"
#include "sim/engine/flow/flow_network.h"
#include "sim/engine/fluid_transfers.h"
#include "sim/engine/simgrid_session.h"
#include "sim/engine/task_runner.h"

namespace switchyard {
namespace {

class FlowExecutor : public Executor {
 public:
  explicit FlowExecutor(double epsilon) : options_{epsilon} {}
  [[nodiscard]] std::string_view name() const override { return "flow"; }

  [[nodiscard]] Result<Timeline> Run(const ExecutionRequest& request) const override {
    Diagnostics problems = Verify(request.graph);
    if (!problems.empty()) return problems;
    TaskRunner runner(request);
    std::optional<FluidTransfers> transfers;
    std::optional<FlowNetwork> network;
    SimGridSession clock([&](Event event) {
      if (event.kind < kFirstTransferEvent) return runner.OnEvent(event);
      FlowNetwork::Owns(event) ? network->OnEvent(event) : transfers->OnEvent(event);
    });
    transfers.emplace(request, clock, [&](TaskId task, DeviceId device, DeviceId cause) {
      runner.OnLeave(task, device, cause);
    });
    network.emplace(
        request.platform, clock, [&](FlowTag tag) { transfers->OnFlowEnd(tag); }, options_);
    transfers->Use(*network);
    Timeline timeline = runner.Run(clock, *transfers);
    timeline.stats.solves = network->counters().solves;
    timeline.stats.widest_window = network->counters().widest_window;
    return timeline;
  }

 private:
  FlowOptions options_;
};

}  // namespace

std::unique_ptr<Executor> MakeFlowExecutor(double epsilon) {
  return std::make_unique<FlowExecutor>(epsilon);
}

}  // namespace switchyard
