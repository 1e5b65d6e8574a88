// What the readers of placement files share. Used by the sources of this folder alone.
//
// Each reader turns its part of the file into rows, one for every MoE layer that it finds, and
// writes everything that is wrong into the log; FinishPlacement holds the rows against each other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/placement/files/placement_file.h"
#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

// The slots of one MoE layer, rank by rank.
struct PlacementRow {
  std::uint32_t layer = 0;          // index in the model
  std::vector<std::int64_t> slots;  // expert of each; -1: empty
  ImportPlace place;
};
using PlacementRows = std::vector<PlacementRow>;

// Which layer of the model each row of an array is: all layers or the MoE layers alone, as their
// number says. Empty, with an error at `place`, for another number; dense layers are in the list.
[[nodiscard]] std::vector<std::uint32_t> LayersOfRows(std::size_t rows,
                                                      const PlacementFileContext& context,
                                                      const ImportPlace& place, ImportLog& log);
[[nodiscard]] bool IsMoeLayer(std::uint32_t layer, const PlacementFileContext& context);

// An error for the first entry that is no expert; says how many more there are.
void CheckExperts(std::span<const std::int64_t> slots, const PlacementFileContext& context,
                  const ImportPlace& place, ImportLog& log);

[[nodiscard]] PlacementRows ReadSglang(const DataNode& root, const PlacementFileContext& context,
                                       ImportLog& log);
[[nodiscard]] PlacementRows ReadVllmAscend(const DataNode& root,
                                           const PlacementFileContext& context, ImportLog& log);
[[nodiscard]] PlacementRows ReadTensorRtLlm(const DataNode& root,
                                            const PlacementFileContext& context, ImportLog& log);
// Decides between kOmniInfer and kEplbTensors by the array's shape.
[[nodiscard]] PlacementRows ReadPlacementNpy(std::string_view bytes,
                                             const PlacementFileContext& context, ImportLog& log,
                                             PlacementFormat& format);

// The placement of all MoE layers, or the errors of the log.
[[nodiscard]] Result<PlacementFile> FinishPlacement(PlacementFormat format,
                                                    const PlacementRows& rows,
                                                    const PlacementFileContext& context,
                                                    ImportLog& log);

}  // namespace switchyard
