// One routing problem given to every implementation on the host; do they agree bit for bit?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/host/route_rows.h"
#include "kernels/reference/route_reference.h"
#include "tests/unit/kernels/route_cases.h"

namespace switchyard::kernels {

// What an implementation wrote, as bits.
struct RouteBits {
  std::vector<std::uint32_t> words;  // experts, weights, flags

  bool operator==(const RouteBits&) const = default;
};

RouteBits BitsOfReference(const RouteCase& c);
RouteBits BitsOfTwin(const RouteCase& c, Instructions instructions);
// The lanes of core/route.h on an emulated warp: registers where the kernels use them, else memory.
RouteBits BitsOfWarp(const RouteCase& c);
RouteBits BitsOfWarpInMemory(const RouteCase& c);

// For a failure: the specification, the first word that differs.
std::string Describe(const RouteCase& c, const RouteBits& want, const RouteBits& got);

// FNV-1a (RFC draft-eastlake-fnv): a hash of all words in order, to compare builds by.
class WordHash {
 public:
  void Add(const RouteBits& bits);
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325U;
};

}  // namespace switchyard::kernels
