// Fidelity "pairwise": every flow is a SimGrid flow under max-min fairness. The reference for all
// others.
#include "sim/engine/executors.h"
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
    SimGridSession session(
        request.platform, [&runner](Event event) { runner.OnEvent(event); },
        [&runner](FlowTag tag) { runner.OnFlowEnd(tag); });
    return runner.Run(session, session);
  }
};

}  // namespace

std::unique_ptr<Executor> MakePairwiseExecutor() { return std::make_unique<PairwiseExecutor>(); }

}  // namespace switchyard
