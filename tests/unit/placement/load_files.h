// The synthetic loads and the reference figures that lie beside the project, where they do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace switchyard::testing {

// [layers][experts]; empty when the file is not there.
std::vector<std::vector<double>> ReadLoads(const std::string& name);

// One row of reference.csv.
struct GridCell {
  std::string load;
  std::uint32_t ranks = 0;
  std::uint32_t redundant = 0;
  std::uint32_t slots_per_rank = 0;
  double eplb = 0;
  double bound = 0;
};
// Empty when the file is not there.
std::vector<GridCell> ReadGrid();

// Choices of each expert in a recorded trace, layer by layer; empty when it is not there.
std::vector<std::vector<double>> ReadTraceLoads(const std::string& task);

}  // namespace switchyard::testing
