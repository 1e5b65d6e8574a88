// The matrix that `nvidia-smi topo -m` prints, as values with their places.
//
//   Result<SmiMatrix> matrix = ReadSmiMatrix(text, "topo.txt");
//   matrix.value().At(0, 3).distance;          // kNvLink, with .links = 18
//
// Tabs or spaces, with or without the colour codes of a terminal; lines before the header and after
// the matrix are skipped, but for the legend's names of NICs. Source: NVIDIA, nvidia-smi
// documentation, "topo -m", and the legend that it prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

// From near to far, as the legend has them; kNvLink hides how near two GPUs are on PCIe.
enum class SmiDistance : std::uint8_t { kSelf, kPix, kPxb, kPhb, kNode, kSys, kNvLink };

struct SmiCell {
  SmiDistance distance = SmiDistance::kSelf;
  std::uint32_t links = 0;  // of kNvLink: how many are bonded
  int line = 0;
  int column = 0;
};

struct SmiDevice {
  std::string label;  // "GPU0", "NIC3", "mlx5_0"
  bool is_gpu = false;
  std::string name;      // of a NIC, from the legend: "mlx5_0"; else the label
  std::string affinity;  // NUMA node, else CPU list, as printed; empty: not printed
};

struct SmiMatrix {
  std::vector<SmiDevice> devices;  // in the order of the matrix: GPUs first
  std::vector<SmiCell> cells;      // row by row

  [[nodiscard]] const SmiCell& At(std::size_t row, std::size_t column) const {
    return cells[row * devices.size() + column];
  }
};

// The matrix is complete and symmetric, with X on the diagonal and NV# only between GPUs.
[[nodiscard]] Result<SmiMatrix> ReadSmiMatrix(std::string_view text, const std::string& file);

}  // namespace switchyard
