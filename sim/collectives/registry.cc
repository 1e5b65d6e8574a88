#include <array>
#include <cmath>

#include "sim/collectives/algorithms.h"

namespace switchyard {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<CollectiveAlgorithm> (*make)();
};
constexpr std::array<Entry, 2> kAlgorithms = {{
    {"ring", MakeRing},
    {"direct", MakeDirect},
}};

}  // namespace

std::unique_ptr<CollectiveAlgorithm> MakeCollectiveAlgorithm(std::string_view name) {
  for (const Entry& entry : kAlgorithms) {
    if (entry.name == name) return entry.make();
  }
  return nullptr;
}

std::vector<std::string> CollectiveAlgorithmNames() {
  std::vector<std::string> names;
  names.reserve(kAlgorithms.size());
  for (const Entry& entry : kAlgorithms) names.emplace_back(entry.name);
  return names;
}

Bytes WholeBytes(double bytes) { return {std::ceil(bytes)}; }

}  // namespace switchyard
