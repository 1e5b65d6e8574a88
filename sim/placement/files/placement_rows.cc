// What every placement file must keep, whatever its format.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/check.h"
#include "sim/placement/files/readers.h"
#include "sim/routing/trace/import/shown_layers.h"

namespace switchyard {
namespace {

class Checker {
 public:
  Checker(const PlacementFileContext& context, ImportLog& log) : context_(context), log_(log) {}

  void Check(const PlacementRows& rows) {
    CheckLayers(rows);
    if (rows.empty()) return;
    const std::size_t slots = rows.front().slots.size();
    CheckSlots(slots, rows.front().place);
    for (const PlacementRow& row : rows) {
      if (row.slots.size() == slots) {
        CheckCoverage(row);
        continue;
      }
      log_.Error(row.place, fmt::format("layer {} has {} slots where layer {} has {}", row.layer,
                                        row.slots.size(), rows.front().layer, slots));
    }
  }

 private:
  void CheckLayers(const PlacementRows& rows) {
    std::vector<std::uint32_t> missing;
    for (const std::uint32_t layer : context_.moe_layers) {
      const bool found = std::any_of(rows.begin(), rows.end(),
                                     [&](const PlacementRow& row) { return row.layer == layer; });
      if (!found) missing.push_back(layer);
    }
    // Without any row, the reader has said why.
    if (missing.empty() || (rows.empty() && !log_.ok())) return;
    log_.Error({}, fmt::format("holds no placement for the MoE layers {} of the model",
                               ShownLayers(missing)));
  }

  void CheckSlots(std::size_t slots, const ImportPlace& place) {
    const std::uint32_t ranks = context_.ranks;
    const std::size_t least = (std::size_t{context_.experts} + ranks - 1) / ranks * ranks;
    if (slots % ranks == 0 && slots >= least) return;
    log_.Error(place, fmt::format("{} slots a layer for {} experts on {} ranks; allowed: multiples "
                                  "of {} from {} on",
                                  slots, context_.experts, ranks, ranks, least));
  }

  void CheckCoverage(const PlacementRow& row) {
    std::vector<bool> found(context_.experts);
    for (const std::int64_t e : row.slots) {
      if (e >= 0 && e < context_.experts) found[static_cast<std::size_t>(e)] = true;
    }
    std::vector<std::uint32_t> missing;
    for (std::uint32_t e = 0; e < context_.experts; ++e) {
      if (!found[e]) missing.push_back(e);
    }
    if (missing.empty()) return;
    log_.Error(row.place,
               fmt::format("layer {} has no slot for {} {}", row.layer,
                           missing.size() == 1 ? "expert" : "experts", ShownLayers(missing)));
  }

  const PlacementFileContext& context_;
  ImportLog& log_;
};

Placement ToPlacement(const PlacementRow& row, const PlacementFileContext& context) {
  std::vector<ExpertIndex> experts(row.slots.size(), kNoExpert);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    if (row.slots[i] >= 0) experts[i] = static_cast<ExpertIndex>(row.slots[i]);
  }
  const auto slots_per_rank = static_cast<std::uint32_t>(experts.size() / context.ranks);
  return {context.ranks, slots_per_rank, context.experts, std::move(experts)};
}

void WarnOfWaste(const LayerPlacements& layers, ImportLog& log) {
  std::uint64_t wasted = 0;
  for (const Placement& placement : layers) wasted += WastedSlots(placement);
  if (wasted == 0) return;
  log.Warn(fmt::format("{} {} an expert that the same rank already has: wasted memory", wasted,
                       wasted == 1 ? "slot holds" : "slots hold"));
}

}  // namespace

bool IsMoeLayer(std::uint32_t layer, const PlacementFileContext& context) {
  return std::binary_search(context.moe_layers.begin(), context.moe_layers.end(), layer);
}

std::vector<std::uint32_t> LayersOfRows(std::size_t rows, const PlacementFileContext& context,
                                        const ImportPlace& place, ImportLog& log) {
  if (rows == context.moe_layers.size()) return context.moe_layers;
  if (rows == context.num_layers) {
    std::vector<std::uint32_t> all(rows);
    for (std::uint32_t l = 0; l < rows; ++l) all[l] = l;
    return all;
  }
  log.Error(place, fmt::format("{} layers; allowed: {} (all layers of the model) or {} (its MoE "
                               "layers)",
                               rows, context.num_layers, context.moe_layers.size()));
  return {};
}

void CheckExperts(std::span<const std::int64_t> slots, const PlacementFileContext& context,
                  const ImportPlace& place, ImportLog& log) {
  const auto wrong = [&](std::int64_t e) { return e < 0 || e >= context.experts; };
  const auto first = std::find_if(slots.begin(), slots.end(), wrong);
  if (first == slots.end()) return;
  const auto more = std::count_if(first + 1, slots.end(), wrong);
  log.Error({place.offset, fmt::format("{}[{}]", place.path, first - slots.begin())},
            fmt::format("expert {}; allowed: 0 to {}{}", *first, context.experts - 1,
                        more == 0 ? "" : fmt::format(" ({} more such slots in this list)", more)));
}

Result<PlacementFile> FinishPlacement(PlacementFormat format, const PlacementRows& rows,
                                      const PlacementFileContext& context, ImportLog& log) {
  Checker(context, log).Check(rows);
  if (!log.ok()) return log.errors();
  PlacementFile file;
  file.format = format;
  for (const PlacementRow& row : rows) file.layers.push_back(ToPlacement(row, context));
  SWITCHYARD_CHECK(file.layers.size() == context.moe_layers.size(), "one row for each MoE layer");
  WarnOfWaste(file.layers, log);
  file.warnings = log.warnings();
  return file;
}

}  // namespace switchyard
