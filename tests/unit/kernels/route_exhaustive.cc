// A million random rows through every implementation of RouteTopK on the host; one hash of all that
// the twin wrote. Built by both compilers, optimised and not: the hashes have to be the recorded
// one.
//
//   route_exhaustive FILE SAMPLE    FILE has lines "route_topk ROWS HASH"; every SAMPLE-th row also
//                                   goes through the plain reference and the emulated warp
//
// Exit code 1 when a row or the hash differs.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/unit/kernels/route_agreement.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint64_t kRows = 1000000;
constexpr std::uint64_t kFirst = 1000000;  // the unit test has the rows below

// The recorded hash, or "none".
std::string Recorded(const char* path) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word != "route_topk") continue;
    std::string hash;
    if (file >> word >> hash && word == std::to_string(kRows)) return hash;
  }
  return "none";
}

bool Agrees(const RouteCase& c, std::uint64_t index, const RouteBits& twin) {
  const RouteBits want = BitsOfReference(c);
  const RouteBits warp = index % 4 == 0 ? BitsOfWarpInMemory(c) : BitsOfWarp(c);
  const RouteBits plain = BitsOfTwin(c, Instructions::kAny);
  if (want == twin && want == warp && want == plain) return true;
  const RouteBits& wrong = want != twin ? twin : want != warp ? warp : plain;
  std::cerr << "row " << index << ": " << Describe(c, want, wrong) << "\n";
  return false;
}

int Run(const char* path, std::uint64_t sample) {
  WordHash hash;
  for (std::uint64_t i = kFirst; i < kFirst + kRows; ++i) {
    const RouteCase c = MakeRouteCase(i, RandomExperts(i));
    const RouteBits twin = BitsOfTwin(c, AvailableInstructions());
    if (i % sample == 0 && !Agrees(c, i, twin)) return 1;
    hash.Add(twin);
  }
  std::cout << "route_topk " << kRows << " " << std::hex << hash.value() << "\n";
  std::ostringstream got;
  got << std::hex << hash.value();
  const std::string recorded = Recorded(path);
  if (got.str() == recorded) return 0;
  std::cerr << "recorded in " << path << ": " << recorded << "\n";
  return 1;
}

}  // namespace
}  // namespace switchyard::kernels

int main(int argc, char** argv) {
  if (argc != 3 || std::strtoull(argv[2], nullptr, 10) == 0) {
    std::cerr << "usage: route_exhaustive FILE SAMPLE\n";
    return 2;
  }
  return switchyard::kernels::Run(argv[1], std::strtoull(argv[2], nullptr, 10));
}
