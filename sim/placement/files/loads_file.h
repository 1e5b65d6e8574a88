// How often every expert was chosen, window by window, out of the files in which servers record it.
//
//   Result<LoadsFile> loads = LoadExpertLoads("expert_distribution_recorder_1.pt", context);
//   problem.loads = loads.value().layers[0];       // WindowLoads of the first MoE layer
//
// Read: SGLang's {"logical_count": ...} and its recorder's dumps (.pt, or as JSON) of modes stat
// and stat_approx, of per_pass by way of last_physical_to_logical_map; .npy [layers, experts] or
// [windows, layers, experts]; CSV layer_id,expert_id,count. Traces of router decisions
// (sim/routing/trace) hold more than counts and are not read here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/files/placement_file.h"
#include "sim/placement/problem.h"

namespace switchyard {

struct LoadsFile {
  std::string_view format;  // "SGLang logical_count, JSON"
  // [moe_layers] of the context, all with equally many windows, at least one of them; counts as the
  // file has them (choices, tokens x top_k), finite and not negative.
  std::vector<WindowLoads> layers;
  std::vector<std::string> warnings;  // what was assumed or left out; complete sentences
};

// Rows are all layers of the model (then dense ones are left out) or the MoE layers alone; their
// number decides. The context's `ranks` has no meaning here and may be 0. Windows without a single
// choice (the unused part of SGLang's circular buffer) are left out, and that is said. Errors, all
// at once: another number of layers or experts, counts that are negative or not finite, files
// without any choice. Limits as for placements; at most 2^26 counts.
[[nodiscard]] Result<LoadsFile> LoadExpertLoads(const std::filesystem::path& path,
                                                const PlacementFileContext& context);
[[nodiscard]] Result<LoadsFile> ParseExpertLoads(std::string_view bytes, const std::string& name,
                                                 const PlacementFileContext& context);

// The most that a model of the schema has (scenarios/schema/model.proto).
inline constexpr std::uint32_t kMaxLoadsLayers = 4096;
inline constexpr std::uint32_t kMaxLoadsExperts = 4096;
struct LoadsShape {
  std::uint32_t layers = 0;   // 1 to kMaxLoadsLayers
  std::uint32_t experts = 0;  // 1 to kMaxLoadsExperts
};
// How many layers and experts a file of any of these formats has, for those who have no model: all
// of its layers then count as MoE layers. Counts: their lengths; per_pass: the map's rows and its
// largest expert; CSV: the largest layer and expert, so that experts behind the last one that is
// named are unknown. The counts themselves are LoadExpertLoads' to check.
[[nodiscard]] Result<LoadsShape> ShapeOfExpertLoads(const std::filesystem::path& path);
[[nodiscard]] Result<LoadsShape> ParseShapeOfExpertLoads(std::string_view bytes,
                                                         const std::string& name);

// Whether the content looks like one of these formats: cheap, to tell it from a trace.
[[nodiscard]] bool LooksLikeExpertLoads(std::string_view bytes, const std::string& name);

}  // namespace switchyard
