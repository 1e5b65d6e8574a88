// Fidelity "flow": every flow under max-min fairness, as in "pairwise", but shared out by a solver
// of our own. SimGrid keeps the time.
#include <optional>

#include "sim/engine/executors.h"
#include "sim/engine/flow/flow_network.h"
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
    std::optional<FlowNetwork> network;
    // No hosts and links: the session is only the clock.
    const Platform nothing;
    SimGridSession clock(
        nothing,
        [&](Event event) {
          FlowNetwork::Owns(event) ? network->OnEvent(event) : runner.OnEvent(event);
        },
        [](FlowTag) {});
    network.emplace(
        request.platform, clock, [&runner](FlowTag tag) { runner.OnFlowEnd(tag); }, options_);
    Timeline timeline = runner.Run(clock, *network);
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
