// Any bytes as a file of expert loads: finite loads that are not negative, not all zero, for every
// MoE layer equally many windows; or diagnostics. The first byte chooses the model; then the shape
// that the file itself has, and its loads in a model of that shape.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/placement/files/loads_file.h"

namespace switchyard {
namespace {

const PlacementFileContext& Context(std::uint8_t choice) {
  static const PlacementFileContext kContexts[] = {
      {4, {1, 2, 3}, 4, 0}, {2, {0, 1}, 8, 0}, {1, {0}, 1, 0}, {3, {1}, 3, 0}};
  return kContexts[choice % std::size(kContexts)];
}

bool Valid(const LoadsFile& file, const PlacementFileContext& context) {
  if (file.layers.size() != context.moe_layers.size()) return false;
  double sum = 0;
  for (const WindowLoads& layer : file.layers) {
    if (layer.windows() == 0 || layer.windows() != file.layers.front().windows()) return false;
    const auto total = layer.Total();
    const bool valid = std::all_of(total.begin(), total.end(),
                                   [](double load) { return std::isfinite(load) && load >= 0; });
    if (!valid) return false;
    for (const double load : total) sum += load;
  }
  return sum > 0;
}

void Parse(std::string_view bytes, const PlacementFileContext& context) {
  const auto file = ParseExpertLoads(bytes, "fuzz", context);
  if (file.ok() && !Valid(file.value(), context)) std::abort();
  if (!file.ok() && file.errors().empty()) std::abort();
  if (!file.ok()) (void)ToString(file.errors());
}

void ParseByItsShape(std::string_view bytes) {
  const auto shape = ParseShapeOfExpertLoads(bytes, "fuzz");
  if (!shape.ok()) {
    if (shape.errors().empty()) std::abort();
    return;
  }
  const auto [layers, experts] = shape.value();
  if (layers == 0 || layers > kMaxLoadsLayers) std::abort();
  if (experts == 0 || experts > kMaxLoadsExperts) std::abort();
  PlacementFileContext own{layers, {}, experts, 0};
  for (std::uint32_t l = 0; l < layers; ++l) own.moe_layers.push_back(l);
  Parse(bytes, own);
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const switchyard::PlacementFileContext& context = switchyard::Context(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  (void)switchyard::LooksLikeExpertLoads(bytes, "fuzz");
  switchyard::Parse(bytes, context);
  switchyard::ParseByItsShape(bytes);
  return 0;
}
