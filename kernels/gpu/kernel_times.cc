// kernel_times: how long the routing kernels take on a GPU. Measures, judges two marks, changes no
// setting of the device.
//
//   kernel_times --csv FILE [--seconds N] [--revision R] [--driver D] [--date D]
//
// Prints marks and clocks, writes the table of times_table.h. Rows:
//   copy                  a copy of 1 GiB: the bandwidth (read and written) of the bounds
//   launch, graph         an empty kernel: 1,000 launches; replay of a graph of 1, 10, 100 (k)
//   route_topk/ROUTER     over tokens, experts and choices; float and bf16 logits
//   assign_slots/RULE, dispatch_layout, permutation
//
// Each is a CUDA graph of many calls over buffer sets used in turn (timed_problem.h), replayed 25
// times. The bound of a row is its bytes (timed_problem.h: every array once) at the bandwidth of
// `copy`, the roofline of S. Williams, A. Waterman, D. Patterson, CACM 52 (4), 2009. Small
// problems cannot reach it: the gap between two kernels of a graph is most of their time.
//
// --seconds (default 240): starts nothing new after so long. All sizes are measured, then all of
// them again if there is time (column `run`). Exit code 0: done, also when a mark is missed; 1: no
// GPU, or the runtime refused something; 2: wrong usage.
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/device.h"
#include "kernels/gpu/arguments.h"
#include "kernels/gpu/graph_timer.h"
#include "kernels/gpu/test_kernels.h"
#include "kernels/gpu/timed_problem.h"
#include "kernels/gpu/times_table.h"
#include "kernels/presets.h"

namespace switchyard::kernels::gpu {
namespace {

using Clock = std::chrono::steady_clock;

struct NamedDrop {
  std::string_view name;
  DropBy drop;
  ChoiceOrder order;
};
constexpr std::array<NamedDrop, 7> kDrops = {{
    {"none", DropBy::kNone, ChoiceOrder::kTokenMajor},
    {"position", DropBy::kPosition, ChoiceOrder::kTokenMajor},
    {"position_choice_major", DropBy::kPosition, ChoiceOrder::kChoiceMajor},
    {"weight", DropBy::kWeight, ChoiceOrder::kTokenMajor},
    {"token_priority", DropBy::kTokenPriority, ChoiceOrder::kTokenMajor},
    {"random", DropBy::kRandom, ChoiceOrder::kTokenMajor},
    {"no_token_left_behind", DropBy::kNoTokenLeftBehind, ChoiceOrder::kTokenMajor},
}};

// What nvidia-smi says; this program sets nothing.
void PrintClocks(const char* when) {
  std::printf("clocks %s (SM, memory, power, temperature): ", when);
  std::fflush(stdout);
  const int code = std::system(
      "nvidia-smi --query-gpu=clocks.sm,clocks.mem,power.draw,temperature.gpu "
      "--format=csv,noheader 2>/dev/null");
  if (code != 0) std::printf("nvidia-smi did not answer\n");
}

class Times {
 public:
  Times(TimesTable table, std::size_t l2_bytes, double seconds)
      : table_(std::move(table)),
        l2_bytes_(l2_bytes),
        end_(Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds))),
        timer_(status_) {}

  Status Run() {
    PrintClocks("before");
    Copy();
    Marks();
    PrintClocks("after the marks");
    for (int run = 1; run <= 2; ++run) {
      table_.set_run(run);
      Launches();
      Routers();
      SlotKernels();
      PrintClocks(run == 1 ? "after all sizes" : "after all sizes again");
    }
    if (InTime()) return status_;
    std::printf("stopped at the time limit: sizes or the second run are missing\n");
    return status_;
  }

 private:
  [[nodiscard]] bool InTime() const { return status_.ok() && Clock::now() < end_; }

  void Copy() {
    constexpr std::size_t kBytes = std::size_t{1} << 30;
    constexpr std::uint32_t kCalls = 4;
    const DeviceBuffer<std::byte> from(kBytes, false, status_);
    const DeviceBuffer<std::byte> to(kBytes, false, status_);
    if (!status_.ok()) return;
    // As floats in [-2, 2], not zeros.
    status_ =
        FillLogits(DeviceSpan<float>{reinterpret_cast<float*>(from.get()), kBytes / sizeof(float)},
                   1, timer_.stream());
    const Timing t =
        timer_.Time({kCalls, [&](std::uint32_t, cudaStream_t stream) {
                       return CudaStatus(cudaMemcpyAsync(to.get(), from.get(), kBytes,
                                                         cudaMemcpyDeviceToDevice, stream),
                                         "a copy failed");
                     }});
    if (!status_.ok()) return;
    constexpr double kUsPerSecond = 1e6;
    constexpr double kTera = 1e12;
    const double bytes = 2.0 * static_cast<double>(kBytes);
    table_.set_bandwidth(bytes / t.median_us);
    table_.Add({.op = "copy", .timing = t, .bytes = bytes});
    std::printf("copy bandwidth, read and written: %.2f TB/s\n",
                bytes / t.median_us * kUsPerSecond / kTera);
  }

  struct Mark {
    const char* what;
    double most_us;
    double goal_us;
  };
  static void Judge(const Mark& mark, const Timing& cold, const Timing& warm) {
    const bool pass = cold.replays > 0 && cold.median_us <= mark.most_us;
    std::printf(
        "MARK %s: median %.2f us (p10 %.2f, p90 %.2f), inputs in L2 %.2f us; "
        "at most %.0f us: %s",
        mark.what, cold.median_us, cold.p10_us, cold.p90_us, warm.median_us, mark.most_us,
        pass ? "pass" : "MISS");
    if (mark.goal_us > 0) {
      std::printf("; goal %.0f us: %s", mark.goal_us,
                  pass && cold.median_us <= mark.goal_us ? "reached" : "not reached");
    }
    std::printf("\n");
  }

  // What an H200 must do; with inputs out of L2, and again with one set of buffers.
  void Marks() {
    constexpr std::uint32_t kBatch = 4096;
    const TimedProblem problem({FindPreset("deepseek_v3")->Route(256, 8), kBatch, /*bf16=*/false},
                               l2_bytes_, timer_.stream(), status_);
    const auto route = [&](std::uint32_t i, cudaStream_t s) { return problem.Route(i, s); };
    const auto route_warm = [&](std::uint32_t, cudaStream_t s) { return problem.Route(0, s); };
    const CapacitySpec dropless;
    const auto slots = [&](std::uint32_t i, cudaStream_t s) {
      return problem.Slots(dropless, i, s);
    };
    const auto slots_warm = [&](std::uint32_t, cudaStream_t s) {
      return problem.Slots(dropless, 0, s);
    };
    const std::uint32_t calls = problem.Calls();
    const Timing route_cold = timer_.Time({calls, route});
    Judge({"route_topk 4096x256 top-8, groups and bias", 8, 5}, route_cold,
          timer_.Time({calls, route_warm}));
    const Timing slots_cold = timer_.Time({calls, slots});
    Judge({"deterministic positions 4096x256 top-8", 12, 0}, slots_cold,
          timer_.Time({calls, slots_warm}));
  }

  void Launches() {
    const auto empty = [](std::uint32_t, cudaStream_t s) { return LaunchEmpty(s); };
    constexpr std::uint32_t kLaunches = 1000;
    table_.Add({.op = "launch", .timing = timer_.TimeLaunches({kLaunches, empty})});
    for (const std::uint32_t kernels : {1U, 10U, 100U}) {
      // Of the whole graph: per call times calls.
      Timing t = timer_.Time({kernels, empty});
      t.median_us *= kernels;
      t.p10_us *= kernels;
      t.p90_us *= kernels;
      table_.Add({.op = "graph", .k = kernels, .timing = t});
    }
  }

  template <class Issue>
  void Row(const std::string& op, const TimedShape& shape, const TimedProblem& problem,
           std::size_t bytes, const Issue& issue) {
    if (!InTime()) return;
    TimesRow row;
    row.op = op;
    row.dtype = shape.bf16 ? "bf16" : "f32";
    row.n = shape.route.experts;
    row.k = shape.route.top_k;
    row.groups = shape.route.groups;
    row.m = shape.tokens;
    row.bytes = static_cast<double>(bytes);
    row.sets = problem.sets();
    row.timing = timer_.Time({problem.Calls(), issue});
    if (status_.ok()) table_.Add(row);
  }

  void RouterRow(std::string_view router, const TimedShape& shape) {
    if (!InTime()) return;
    const TimedProblem problem(shape, l2_bytes_, timer_.stream(), status_);
    Row("route_topk/" + std::string(router), shape, problem, shape.RouteBytes(),
        [&](std::uint32_t i, cudaStream_t s) { return problem.Route(i, s); });
  }

  void Routers() {
    struct Shape {
      std::string_view router;
      std::uint16_t experts;
      std::uint16_t top_k;
      bool bf16;
    };
    constexpr std::array<Shape, 17> kShapes = {{
        {"mixtral", 8, 2, false},
        {"llama4", 16, 1, false},
        {"gpt_oss", 32, 4, false},
        {"olmoe", 64, 8, false},
        {"switch", 128, 1, false},
        {"gpt_oss", 128, 4, false},
        {"qwen3_moe", 128, 8, false},
        {"qwen3_moe", 128, 8, true},
        {"deepseek_v2", 160, 6, false},
        {"deepseek_v3", 256, 8, false},
        {"deepseek_v3", 256, 8, true},
        {"qwen3_moe", 256, 8, false},
        {"deepseek_v3", 384, 8, false},
        {"qwen3_moe", 512, 22, false},
        {"qwen3_moe", 896, 16, false},
        {"qwen3_moe", 1024, 1, false},
        {"qwen3_moe", 1024, 8, false},
    }};
    for (const Shape& shape : kShapes) {
      const RouteSpec route = FindPreset(shape.router)->Route(shape.experts, shape.top_k);
      for (const std::uint32_t tokens : kTokens) {
        RouterRow(shape.router, {route, tokens, shape.bf16});
      }
    }
  }

  void SlotKernels() {
    constexpr std::array<std::array<std::uint16_t, 2>, 5> kShapes = {
        {{8, 2}, {64, 6}, {128, 1}, {256, 8}, {896, 16}}};
    for (const auto& [experts, top_k] : kShapes) {
      const RouteSpec route = FindPreset("qwen3_moe")->Route(experts, top_k);
      for (const std::uint32_t tokens : kTokens) SlotRows({route, tokens, false});
    }
  }

  void SlotRows(const TimedShape& shape) {
    if (!InTime()) return;
    const TimedProblem problem(shape, l2_bytes_, timer_.stream(), status_);
    // Before the rules that drop, which change the slots.
    Row("dispatch_layout", shape, problem, shape.LayoutBytes(),
        [&](std::uint32_t i, cudaStream_t s) { return problem.Layout(i, s); });
    Row("permutation", shape, problem, shape.PermutationBytes(),
        [&](std::uint32_t i, cudaStream_t s) { return problem.Permute(i, s); });
    for (const NamedDrop& drop : kDrops) {
      CapacitySpec spec;
      spec.drop = drop.drop;
      spec.order = drop.order;
      // Anew, since what was dropped under the rule before has weight 0.
      for (std::uint32_t i = 0; i < problem.sets() && InTime(); ++i) {
        status_ = problem.Route(i, timer_.stream());
      }
      Row("assign_slots/" + std::string(drop.name), shape, problem,
          shape.SlotBytes(drop.drop != DropBy::kNone),
          [&](std::uint32_t i, cudaStream_t s) { return problem.Slots(spec, i, s); });
    }
  }

  static constexpr std::array<std::uint32_t, 9> kTokens = {1,    16,   64,    256,  1024,
                                                           4096, 8192, 16384, 65536};

  TimesTable table_;
  std::size_t l2_bytes_;
  Clock::time_point end_;
  Status status_;
  GraphTimer timer_;
};

int Main(int argc, char** argv) {
  const Arguments arguments(argc, argv, {"--csv", "--seconds", "--revision", "--driver", "--date"},
                            {});
  const double seconds = std::atof(arguments.Value("--seconds", "240").c_str());
  if (!arguments.fault().empty() || !arguments.Has("--csv") || seconds <= 0) {
    std::fprintf(stderr, "kernel_times: %s; see the top of kernels/gpu/kernel_times.cc\n",
                 arguments.fault().empty() ? "needs --csv FILE" : arguments.fault().c_str());
    return 2;
  }
  const DeviceInfo device = FindDevice();
  if (!device.usable) {
    std::printf("no times: %s\n", device.why_not.c_str());
    return EXIT_FAILURE;
  }
  int l2_bytes = 0;
  if (cudaDeviceGetAttribute(&l2_bytes, cudaDevAttrL2CacheSize, 0) != cudaSuccess) {
    std::printf("no times: the size of L2 was refused\n");
    return EXIT_FAILURE;
  }
  std::printf("device: %s, L2 %d MiB\n", device.name.c_str(), l2_bytes >> 20);
  TimesTable table(
      arguments.Value("--csv"),
      {device.name, arguments.Value("--driver", "for CUDA " + device.driver),
       arguments.Value("--revision", "unknown"), arguments.Value("--date", "unknown")});
  if (!table.good()) {
    std::printf("no times: %s cannot be written\n", arguments.Value("--csv").c_str());
    return EXIT_FAILURE;
  }
  const Status status = Times(std::move(table), static_cast<std::size_t>(l2_bytes), seconds).Run();
  if (status.ok()) return EXIT_SUCCESS;
  std::printf("stopped: %s (CUDA error %d)\n", status.what, status.cuda_error);
  return EXIT_FAILURE;
}

}  // namespace
}  // namespace switchyard::kernels::gpu

int main(int argc, char** argv) { return switchyard::kernels::gpu::Main(argc, argv); }
