// A million random rows through every implementation of RouteTopK on the host, and what they chose,
// in batches, through AssignSlots; a hash of all that each twin wrote. Built by both compilers,
// optimised and not: the hashes have to be the recorded ones.
//
//   route_exhaustive FILE SAMPLE    FILE has lines "FUNCTION ROWS HASH"; every SAMPLE-th row also
//                                   goes through the plain reference and the emulated warp, every
//                                   SAMPLE-th batch through the reference
//
// Exit code 1 when a row, a batch or a hash differs.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/unit/kernels/route_agreement.h"
#include "tests/unit/kernels/slot_batches.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint64_t kRows = 1000000;
constexpr std::uint64_t kFirst = 1000000;  // the unit test has the rows below

// The recorded hash of a function, or "none".
std::string Recorded(const char* path, const std::string& function) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    std::string rows;
    std::string hash;
    if (words >> name >> rows >> hash && name == function && rows == std::to_string(kRows)) {
      return hash;
    }
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

// SlotBatch after SlotBatch, from the rows as they come.
class Slots {
 public:
  explicit Slots(std::uint64_t sample) : sample_(sample) {}

  // False when a batch that is full now differs from the reference.
  bool Add(std::uint32_t top_k, const RouteBits& row) {
    batch_.Add(top_k, row);
    if (!batch_.full()) return true;
    const RouteBits twin = BitsOfSlots(batch_);
    if (number_ % sample_ == 0 && twin != BitsOfSlotsReference(batch_)) {
      std::cerr << "batch " << number_ << ": slots differ from the reference\n";
      return false;
    }
    hash_.Add(twin);
    batch_ = SlotBatch(++number_);
    return true;
  }

  [[nodiscard]] std::uint64_t hash() const { return hash_.value(); }

 private:
  std::uint64_t sample_;
  std::uint64_t number_ = 0;
  SlotBatch batch_{0};
  WordHash hash_;
};

bool IsRecorded(const char* path, const std::string& function, std::uint64_t hash) {
  std::ostringstream got;
  got << std::hex << hash;
  std::cout << function << " " << kRows << " " << got.str() << "\n";
  const std::string recorded = Recorded(path, function);
  if (got.str() == recorded) return true;
  std::cerr << function << ", recorded in " << path << ": " << recorded << "\n";
  return false;
}

int Run(const char* path, std::uint64_t sample) {
  WordHash hash;
  Slots slots(sample);
  for (std::uint64_t i = kFirst; i < kFirst + kRows; ++i) {
    const RouteCase c = MakeRouteCase(i, RandomExperts(i));
    const RouteBits twin = BitsOfTwin(c, AvailableInstructions());
    if (i % sample == 0 && !Agrees(c, i, twin)) return 1;
    hash.Add(twin);
    if (!slots.Add(c.spec.top_k, twin)) return 1;
  }
  const bool routes = IsRecorded(path, "route_topk", hash.value());
  const bool assigned = IsRecorded(path, "assign_slots", slots.hash());
  return routes && assigned ? 0 : 1;
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
