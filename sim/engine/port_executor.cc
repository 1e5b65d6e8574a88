// Fidelity "port": transfers in closed form, link by link. SimGrid keeps the time.
#include <optional>

#include "sim/engine/executors.h"
#include "sim/engine/port/port_transfers.h"
#include "sim/engine/simgrid_session.h"
#include "sim/engine/task_runner.h"

namespace switchyard {
namespace {

class PortExecutor : public Executor {
 public:
  [[nodiscard]] std::string_view name() const override { return "port"; }

  [[nodiscard]] Result<Timeline> Run(const ExecutionRequest& request) const override {
    Diagnostics problems = Verify(request.graph);
    if (!problems.empty()) return problems;
    TaskRunner runner(request);
    std::optional<PortTransfers> transfers;
    SimGridSession clock([&](Event event) {
      event.kind < kFirstTransferEvent ? runner.OnEvent(event) : transfers->OnEvent(event);
    });
    transfers.emplace(request, clock, [&](TaskId task, DeviceId device, DeviceId cause) {
      runner.OnLeave(task, device, cause);
    });
    return runner.Run(clock, *transfers);
  }
};

}  // namespace

std::unique_ptr<Executor> MakePortExecutor() { return std::make_unique<PortExecutor>(); }

}  // namespace switchyard
