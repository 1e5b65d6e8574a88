// Any bytes as a placement file: placements that every writable format gives back, or diagnostics.
// The first byte chooses the model and the ranks.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/placement/files/placement_file.h"

namespace switchyard {
namespace {

const PlacementFileContext& Context(std::uint8_t choice) {
  static const PlacementFileContext kContexts[] = {
      {4, {1, 2, 3}, 4, 2}, {2, {0, 1}, 8, 2}, {5, {3, 4}, 8, 2}, {1, {0}, 1, 1}, {3, {1}, 3, 3}};
  return kContexts[choice % std::size(kContexts)];
}

bool Same(const Placement& a, const Placement& b) {
  return std::ranges::equal(a.expert_of_slot(), b.expert_of_slot());
}

void Use(const LayerPlacements& layers, const PlacementFileContext& context) {
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    const auto files = RenderPlacement(info.format, layers, context, "out");
    if (!files.ok()) continue;  // not writable, or with empty slots
    const auto again = ParsePlacementFile(files.value().front().content, "again", context);
    if (!again.ok() || !std::ranges::equal(again.value().layers, layers, Same)) std::abort();
  }
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const switchyard::PlacementFileContext& context = switchyard::Context(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto file = switchyard::ParsePlacementFile(bytes, "fuzz", context);
  if (file.ok()) {
    switchyard::Use(file.value().layers, context);
  } else if (file.errors().empty()) {
    std::abort();
  } else {
    (void)switchyard::ToString(file.errors());
  }
  return 0;
}
