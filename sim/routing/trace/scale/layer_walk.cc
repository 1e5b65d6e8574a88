#include "sim/routing/trace/scale/layer_walk.h"

#include <algorithm>

namespace switchyard {
namespace {

std::vector<std::uint32_t> EvenlySpaced(std::uint32_t layers, std::uint32_t wanted) {
  if (wanted == 1) return {layers / 2};
  std::vector<std::uint32_t> walk;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    const std::uint64_t twice = 2 * i * (layers - 1);
    walk.push_back(static_cast<std::uint32_t>((twice + wanted - 1) / (2 * (wanted - 1))));
  }
  return walk;
}

}  // namespace

std::vector<std::uint32_t> LayerWalk(std::uint32_t layers, std::uint32_t wanted) {
  if (wanted < layers) return EvenlySpaced(layers, wanted);
  const std::uint32_t low = layers / 3;
  const std::uint32_t high = std::max((2 * layers + 2) / 3, low + 2) - 1;  // at least two layers
  std::vector<std::uint32_t> walk;
  for (std::uint32_t l = 0; l <= std::min(high, layers - 1); ++l) walk.push_back(l);
  bool up = false;
  // To and fro, until the layers above the current one are all that is left to place.
  while (wanted - walk.size() > layers - 1 - walk.back()) {
    const std::uint32_t now = walk.back();
    if (now == high) up = false;
    if (now == low) up = true;
    const bool one_too_many = wanted - walk.size() == layers - now;
    if (one_too_many && high + 1 < layers) {
      walk.push_back(now - 1);  // and then past `now`
      for (std::uint32_t l = now + 1; l < layers; ++l) walk.push_back(l);
      return walk;
    }
    walk.push_back(up ? now + 1 : now - 1);
  }
  while (walk.size() < wanted) walk.push_back(walk.back() + 1);
  return walk;
}

}  // namespace switchyard
