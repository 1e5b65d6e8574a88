#include "kernels/gpu/outcome.h"

#include <algorithm>
#include <span>

#include "kernels/gpu/hash.h"

namespace switchyard::kernels::gpu {

std::uint64_t HashOf(const Outcome& outcome) {
  std::uint64_t hash = kFnvBasis;
  for (const NamedBytes& array : outcome.arrays) {
    const std::string head = array.name + ":" + std::to_string(array.bytes.size()) + ";";
    hash = Fnv1a(std::as_bytes(std::span(head)), hash);
    hash = Fnv1a(array.bytes, hash);
  }
  return hash;
}

std::string FirstDifference(const Outcome& want, const Outcome& have) {
  if (want.arrays.size() != have.arrays.size()) return "another number of arrays";
  for (std::size_t i = 0; i < want.arrays.size(); ++i) {
    const NamedBytes& a = want.arrays[i];
    const NamedBytes& b = have.arrays[i];
    if (a.name != b.name || a.bytes.size() != b.bytes.size()) {
      return a.name + ": another array or size";
    }
    const auto differ = std::mismatch(a.bytes.begin(), a.bytes.end(), b.bytes.begin());
    if (differ.first == a.bytes.end()) continue;
    return a.name + ": byte " + std::to_string(differ.first - a.bytes.begin()) + " of " +
           std::to_string(a.bytes.size()) + " differs";
  }
  return {};
}

}  // namespace switchyard::kernels::gpu
