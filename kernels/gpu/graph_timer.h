// How long calls take on the GPU: captured in a CUDA graph, replayed, timed with events.
//
//   GraphTimer timer(status);
//   Timing t = timer.Time({calls, [&](std::uint32_t i, cudaStream_t s) { return Route(i, s); }});
//   t.median_us;                                            // of one call
//
// One graph holds many calls in a row, so that the launch of the graph and the events, a few
// microseconds, are shared out among them; what is between two calls is the gap between two kernels
// of a graph. Percentiles are over replays.
#pragma once

#include <cstdint>
#include <functional>

#include "kernels/recorder/cuda/device_memory.h"
#include "kernels/status.h"

namespace switchyard::kernels::gpu {

struct Timing {
  double median_us = 0;
  double p10_us = 0;
  double p90_us = 0;
  int replays = 0;
};

struct TimedCalls {
  std::uint32_t calls = 1;
  std::function<Status(std::uint32_t call, cudaStream_t stream)> issue;
};

class GraphTimer {
 public:
  static constexpr int kReplays = 25;
  static constexpr int kWarmUps = 3;

  // The first refusal of the runtime is kept in `status`; after one, Time() returns zeros.
  explicit GraphTimer(Status& status);
  ~GraphTimer();
  GraphTimer(const GraphTimer&) = delete;
  GraphTimer& operator=(const GraphTimer&) = delete;

  // Per call.
  Timing Time(const TimedCalls& what);
  // The same without a graph: launched one after the other.
  Timing TimeLaunches(const TimedCalls& what);
  [[nodiscard]] cudaStream_t stream() const { return stream_.get(); }

 private:
  cudaGraphExec_t Capture(const TimedCalls& what);
  Timing Measure(const std::function<Status()>& replay, std::uint32_t calls);
  void Note(const Status& status);
  void Note(cudaError_t error);

  Status& status_;
  DeviceStream stream_;
  cudaEvent_t begun_ = nullptr;
  cudaEvent_t ended_ = nullptr;
};

}  // namespace switchyard::kernels::gpu
