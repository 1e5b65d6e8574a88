// What the tests of placement and load files share.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "sim/placement/files/placement_file.h"
#include "sim/routing/trace/npy.h"

namespace switchyard::testing {

inline const std::string kSharedData = std::string(SWITCHYARD_SOURCE_DIR) + "/../shared/data/";

// The model of samples/: four layers, 1 to 3 with four experts, on two ranks.
inline PlacementFileContext SampleContext() { return {4, {1, 2, 3}, 4, 2}; }
inline std::string Sample(const std::string& name) {
  const std::string path = std::string(SWITCHYARD_SOURCE_DIR) + "/tests/unit/placement/samples/";
  return ReadFile(path + name, 1 << 20).value();
}

inline std::vector<int> Slots(const Placement& placement) {
  std::vector<int> slots;
  for (const ExpertIndex e : placement.expert_of_slot()) slots.push_back(e == kNoExpert ? -1 : e);
  return slots;
}

// All errors, one a line without the last newline; "accepted" when there are none.
template <class T>
std::string Messages(const Result<T>& result) {
  if (result.ok()) return "accepted";
  std::string all = ToString(result.errors());
  all.pop_back();
  return all;
}

template <class T>
std::string Npy(NpyType type, const std::vector<std::uint64_t>& shape,
                const std::vector<T>& values) {
  NpyArray array{type, shape, std::string(values.size() * sizeof(T), '\0')};
  if (!values.empty()) std::memcpy(array.data.data(), values.data(), array.data.size());
  return FormatNpy(array);
}

}  // namespace switchyard::testing
