// The main of every benchmark program, and the row that the others are measured against.
//
// Calibrate sorts the same numbers on every machine: branches, memory and arithmetic, as the
// simulator's own loops, and nothing of the project. `./switchyard bench --check` divides by it, so
// that a slower machine is not mistaken for slower code.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kNumbers = 1 << 16;
constexpr int kRepetitions = 5;
constexpr int kLargestThreshold = 32 << 20;  // that mallopt(3) allows
constexpr int kNeverBytes = 1 << 30;

// Knuth, "The Art of Computer Programming", volume 2, section 3.3.4: MMIX's generator.
std::vector<double> Numbers() {
  std::vector<double> numbers(kNumbers);
  std::uint64_t state = 1;
  for (double& number : numbers) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    number = static_cast<double>(state >> 11);
  }
  return numbers;
}

void Calibrate(benchmark::State& state) {
  const std::vector<double> numbers = Numbers();
  std::vector<double> sorted(numbers.size());
  for (auto _ : state) {
    sorted = numbers;
    std::sort(sorted.begin(), sorted.end());
    benchmark::DoNotOptimize(sorted.data());
  }
}
BENCHMARK(Calibrate)
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.1)
    ->Repetitions(kRepetitions)
    ->DisplayAggregatesOnly();

}  // namespace

int main(int argc, char** argv) {
#ifdef NDEBUG
  const std::string build = "Release";
#else
  const std::string build = "Debug";
#endif
#ifdef __clang__
  const std::string compiler = "clang " + std::to_string(__clang_major__);
#else
  const std::string compiler = "GCC " + std::to_string(__GNUC__);
#endif
  // Freed memory stays with the process. Otherwise it depends on the addresses of the day whether
  // every iteration gives it back to the kernel and faults it in again: twice the time, or not.
  mallopt(M_MMAP_THRESHOLD, kLargestThreshold);
  mallopt(M_TRIM_THRESHOLD, kNeverBytes);
  benchmark::AddCustomContext("build", compiler + " " + build);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
