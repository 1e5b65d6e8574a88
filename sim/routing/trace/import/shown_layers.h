// "0, 1, 2": the first 16 of a list of layers, and how many more there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace switchyard {

[[nodiscard]] inline std::string ShownLayers(const std::vector<std::uint32_t>& layers) {
  constexpr std::size_t kMaxShown = 16;
  std::string shown;
  for (std::size_t i = 0; i < layers.size() && i < kMaxShown; ++i) {
    shown += (i == 0 ? "" : ", ") + std::to_string(layers[i]);
  }
  if (layers.size() <= kMaxShown) return shown;
  return shown + " and " + std::to_string(layers.size() - kMaxShown) + " more";
}

}  // namespace switchyard
