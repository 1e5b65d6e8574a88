// kernel_check: the routing kernels on a GPU against their twin on the host, bit for bit.
//
//   kernel_check [--golden FILE] [--write FILE [--revision R] [--driver D] [--date D]]
//                [--repeat N] [--small] [--only PREFIX] [--bare] [--require-device]
//
//   --golden FILE     the twin's hashes must be those of the file
//   --write FILE      writes that file: hashes of the device, or of the twin where there is none
//   --repeat N        runs each case N times on the device; all hashes must be equal
//   --small           only cases that are quick enough for compute-sanitizer
//   --only PREFIX     only cases whose name begins so: a fault spoils all that run after it
//   --bare            no poison and no canaries: as compute-sanitizer needs it (outcome.h)
//   --require-device  a machine without a GPU is a failure, not a reason to skip
//
// Two checks a case: the twin's ("golden") and the device's. Without a device the latter are
// skipped, never passed. Last line: "N passed, N failed, N skipped". Exit code 0: none failed; 1;
// 2: wrong usage.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "kernels/device.h"
#include "kernels/gpu/arguments.h"
#include "kernels/gpu/cases.h"
#include "kernels/gpu/golden.h"
#include "kernels/gpu/inputs.h"
#include "kernels/gpu/outcome.h"

namespace switchyard::kernels::gpu {
namespace {

struct Options {
  std::string golden;
  std::string write;
  GoldenOrigin origin;
  int repeat = 1;
  bool small = false;
  std::string only;
  Guard guard = Guard::kPoisonAndCanaries;
  bool require_device = false;
};

class Check {
 public:
  Check(Options options, DeviceInfo device)
      : options_(std::move(options)), device_(std::move(device)) {}

  int Run() {
    if (!options_.golden.empty()) golden_ = ReadGolden(options_.golden);
    if (!golden_.fault.empty()) Fail("golden", golden_.fault);
    ReportDevice();
    for (const Case& c : AllCases()) {
      if (Wanted(c)) CheckCase(c);
    }
    CheckNamesLeft();
    if (!options_.write.empty()) Write();
    std::printf("%d passed, %d failed, %d skipped\n", passed_, failed_, skipped_);
    return failed_ == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  }

 private:
  [[nodiscard]] bool Wanted(const Case& c) const {
    return (c.small || !options_.small) && c.name.starts_with(options_.only);
  }
  void Fail(const std::string& name, const std::string& why) {
    ++failed_;
    std::printf("FAILED %s: %s\n", name.c_str(), why.c_str());
  }
  void Judge(const std::string& name, const std::string& fault) {
    if (fault.empty()) {
      ++passed_;
    } else {
      Fail(name, fault);
    }
  }

  void ReportDevice() {
    if (device_.usable) {
      std::printf("device: %s, driver for CUDA %s, runtime %s, %d multiprocessors\n",
                  device_.name.c_str(), device_.driver.c_str(), CudaVersion().c_str(),
                  device_.multiprocessors);
      return;
    }
    if (device_.failed || options_.require_device) Fail("device", device_.why_not);
    std::printf("device checks are skipped: %s\n", device_.why_not.c_str());
  }

  void CheckCase(const Case& c) {
    const Inputs in = MakeInputs(c);
    const Outcome host = RunOnHost(c, in);
    const std::uint64_t hash = HashOf(host);
    Judge(c.name + " (host)", host.fault.empty() ? GoldenFault(c.name, hash) : host.fault);
    lines_.push_back({c.name, hash});
    if (!device_.usable) {
      ++skipped_;
      return;
    }
    Judge(c.name + " (device)", DeviceFault(c, in, host));
  }

  std::string GoldenFault(const std::string& name, std::uint64_t hash) {
    if (options_.golden.empty() || !golden_.fault.empty()) return {};
    const auto line = golden_.hash.find(name);
    if (line == golden_.hash.end()) return "not in the golden file";
    const std::uint64_t want = line->second;
    golden_.hash.erase(line);
    if (want == hash) return {};
    return "hash " + HexOf(hash) + ", the golden file has " + HexOf(want);
  }

  // The line of the golden file becomes the device's.
  std::string DeviceFault(const Case& c, const Inputs& in, const Outcome& host) {
    const Outcome first = RunOnDevice(c, in, options_.guard);
    lines_.back().hash = HashOf(first);
    if (!first.fault.empty()) return first.fault;
    const std::string differs = FirstDifference(host, first);
    if (!differs.empty()) return "unlike the twin: " + differs;
    for (int run = 1; run < options_.repeat; ++run) {
      const Outcome again = RunOnDevice(c, in, options_.guard);
      if (!again.fault.empty()) return again.fault;
      if (HashOf(again) == lines_.back().hash) continue;
      return "run " + std::to_string(run + 1) + " of " + std::to_string(options_.repeat) +
             " differs from the first: " + FirstDifference(first, again);
    }
    ++agreed_;
    return {};
  }

  void CheckNamesLeft() {
    if (options_.small || !options_.only.empty()) return;
    for (const auto& [name, hash] : golden_.hash) {
      Fail(name, "in the golden file, but no such case (" + HexOf(hash) + ")");
    }
  }

  void Write() {
    GoldenOrigin origin = options_.origin;
    if (device_.usable) {
      origin.device = device_.name;
      if (origin.driver.empty()) origin.driver = "for CUDA " + device_.driver;
      origin.cuda = CudaVersion();
      origin.agreement = std::to_string(agreed_) + " of " + std::to_string(lines_.size()) +
                         " cases have the bits of the twin";
    }
    if (!WriteGolden(options_.write, origin, lines_)) Fail("write", options_.write);
  }

  Options options_;
  DeviceInfo device_;
  GoldenFile golden_;
  std::vector<GoldenLine> lines_;
  std::size_t agreed_ = 0;
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
};

int Main(int argc, char** argv) {
  const Arguments arguments(
      argc, argv, {"--golden", "--write", "--revision", "--driver", "--date", "--repeat", "--only"},
      {"--small", "--bare", "--require-device"});
  Options options;
  options.golden = arguments.Value("--golden");
  options.write = arguments.Value("--write");
  options.origin.driver = arguments.Value("--driver");
  options.origin.revision = arguments.Value("--revision", "unknown");
  options.origin.date = arguments.Value("--date", "unknown");
  options.repeat = std::atoi(arguments.Value("--repeat", "1").c_str());
  options.small = arguments.Has("--small");
  options.only = arguments.Value("--only");
  if (arguments.Has("--bare")) options.guard = Guard::kNone;
  options.require_device = arguments.Has("--require-device");
  if (!arguments.fault().empty() || options.repeat < 1) {
    const char* const why =
        arguments.fault().empty() ? "--repeat: at least 1" : arguments.fault().c_str();
    std::fprintf(stderr, "kernel_check: %s; see the top of kernels/gpu/kernel_check.cc\n", why);
    return 2;
  }
  return Check(std::move(options), FindDevice()).Run();
}

}  // namespace
}  // namespace switchyard::kernels::gpu

int main(int argc, char** argv) { return switchyard::kernels::gpu::Main(argc, argv); }
