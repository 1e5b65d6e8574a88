#include "kernels/gpu/graph_timer.h"

#include <algorithm>
#include <vector>

namespace switchyard::kernels::gpu {
namespace {

double Percentile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = at - static_cast<double>(below);
  return sorted[below] * (1 - share) + sorted[above] * share;
}

Timing Summary(std::vector<double> us) {
  constexpr double kMedian = 0.5;
  constexpr double kLow = 0.1;
  constexpr double kHigh = 0.9;
  std::sort(us.begin(), us.end());
  return {Percentile(us, kMedian), Percentile(us, kLow), Percentile(us, kHigh),
          static_cast<int>(us.size())};
}

}  // namespace

GraphTimer::GraphTimer(Status& status) : status_(status), stream_(status) {
  Note(cudaEventCreate(&begun_));
  Note(cudaEventCreate(&ended_));
}

GraphTimer::~GraphTimer() {
  if (begun_ != nullptr) cudaEventDestroy(begun_);
  if (ended_ != nullptr) cudaEventDestroy(ended_);
}

void GraphTimer::Note(const Status& status) {
  if (status_.ok() && !status.ok()) status_ = status;
}
void GraphTimer::Note(cudaError_t error) {
  Note(CudaStatus(error, "a call of the runtime failed while timing"));
}

cudaGraphExec_t GraphTimer::Capture(const TimedCalls& what) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t replayable = nullptr;
  // A first call outside the graph loads the kernels.
  Note(what.issue(0, stream()));
  Note(cudaStreamSynchronize(stream()));
  Note(cudaStreamBeginCapture(stream(), cudaStreamCaptureModeThreadLocal));
  for (std::uint32_t i = 0; i < what.calls && status_.ok(); ++i) Note(what.issue(i, stream()));
  Note(cudaStreamEndCapture(stream(), &graph));
  if (status_.ok()) Note(cudaGraphInstantiate(&replayable, graph, 0));
  if (graph != nullptr) cudaGraphDestroy(graph);
  return replayable;
}

Timing GraphTimer::Measure(const std::function<Status()>& replay, std::uint32_t calls) {
  constexpr double kUsPerMs = 1000;
  std::vector<double> us;
  for (int i = 0; i < kWarmUps && status_.ok(); ++i) Note(replay());
  for (int i = 0; i < kReplays && status_.ok(); ++i) {
    float ms = 0;
    Note(cudaEventRecord(begun_, stream()));
    Note(replay());
    Note(cudaEventRecord(ended_, stream()));
    Note(cudaEventSynchronize(ended_));
    if (status_.ok()) Note(cudaEventElapsedTime(&ms, begun_, ended_));
    us.push_back(static_cast<double>(ms) * kUsPerMs / calls);
  }
  return status_.ok() ? Summary(std::move(us)) : Timing{};
}

Timing GraphTimer::Time(const TimedCalls& what) {
  if (!status_.ok()) return {};
  cudaGraphExec_t const graph = Capture(what);
  const Timing timing = Measure(
      [&] { return CudaStatus(cudaGraphLaunch(graph, stream()), "a graph could not be launched"); },
      what.calls);
  if (graph != nullptr) cudaGraphExecDestroy(graph);
  return timing;
}

Timing GraphTimer::TimeLaunches(const TimedCalls& what) {
  if (!status_.ok()) return {};
  return Measure(
      [&] {
        Status status;
        for (std::uint32_t i = 0; i < what.calls && status.ok(); ++i) {
          status = what.issue(i, stream());
        }
        return status;
      },
      what.calls);
}

}  // namespace switchyard::kernels::gpu
