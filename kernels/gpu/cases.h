// The problems that host and GPU must solve with the same bits, and that the golden file has one
// line for: every preset's router and drop rule, every value of every enum, the sizes that break
// kernels, and rows with ties, NaN, infinities, zeros of both signs and subnormals.
//
//   for (const Case& c : AllCases()) Check(c, MakeInputs(c));
//
// A case is its name: changing what a name stands for changes its hash.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/capacity_spec.h"
#include "kernels/route_spec.h"

namespace switchyard::kernels::gpu {

enum class Operation : std::uint8_t {
  kRoute,        // logits to choices, slots, layout, permutation, statistics
  kHash,         // token ids to the same
  kExpertChoice  // logits to every expert's tokens
};

enum class InputKind : std::uint8_t {
  kNormal,
  kTies,   // nine values
  kOdd,    // NaN, infinities, zeros of both signs, subnormals; rows of nothing else
  kSkewed  // a few experts are wanted by most tokens
};

enum class LogitType : std::uint8_t { kFloat, kBf16, kFp16 };

struct Case {
  std::string name;  // without spaces
  Operation operation = Operation::kRoute;
  RouteSpec route;  // kHash: experts and top_k
  CapacitySpec capacity;
  ExpertChoiceSpec expert_choice;
  LogitType type = LogitType::kFloat;
  InputKind input = InputKind::kNormal;
  std::uint32_t tokens = 0;
  std::uint32_t tile = 16;  // of the permutation
  std::uint32_t ranks = 8;
  std::uint32_t nodes = 2;
  std::uint64_t seed = 1;
  bool small = false;  // quick enough for compute-sanitizer
};

// In a fixed order, names unique.
[[nodiscard]] std::vector<Case> AllCases();

}  // namespace switchyard::kernels::gpu
