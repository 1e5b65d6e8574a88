// What the readers of load files share. Used by the sources of this folder alone.
//
//   CountTable table(context, log);
//   table.BeginRows(61, place);                    // as many layers as the file has
//   table.SetRow(3, counts, place); table.EndWindow();
//   return std::move(table).Finish("SGLang logical_count");
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/placement/files/loads_file.h"
#include "sim/placement/files/readers.h"

namespace switchyard {

// Collects counts window by window into WindowLoads, one for each MoE layer.
class CountTable {
 public:
  CountTable(const PlacementFileContext& context, ImportLog& log);

  // How many layers a window of the file has. False, with an error, when the model has another
  // number.
  bool BeginRows(std::size_t rows, const ImportPlace& place);
  // The layers that the rows are, [rows], dense ones included.
  [[nodiscard]] const std::vector<std::uint32_t>& layers() const { return layers_; }
  // False, with an error, when so many windows are more than is read.
  bool CheckSize(std::uint64_t windows, const ImportPlace& place);
  // Counts of one row of the window that is being read: as many as experts, finite, not negative.
  void SetRow(std::size_t row, std::span<const double> counts, const ImportPlace& place);
  // A window without any choice is left out.
  void EndWindow();
  [[nodiscard]] Result<LoadsFile> Finish(std::string_view format) &&;

 private:
  const PlacementFileContext& context_;
  ImportLog& log_;
  std::vector<std::uint32_t> layers_;
  std::map<std::uint32_t, std::size_t> index_;  // of a MoE layer among the MoE layers
  std::vector<std::vector<double>> window_;     // [moe_layers][experts]
  std::vector<WindowLoads> loads_;              // [moe_layers]
  std::uint64_t empty_windows_ = 0;
  bool dense_counts_ = false;
};

enum class LoadsKind : std::uint8_t { kNpy, kCsv, kCounts, kRecords };
// What a file's content is before anything is known of the model.
struct LoadsContent {
  LoadsKind kind = LoadsKind::kNpy;
  DataNode root;  // of kCounts (logical_count, or a bare list) and kRecords
};
// Absent, with an error, when it is none of them.
[[nodiscard]] std::optional<LoadsContent> OpenLoads(const ImportFile& file, ImportLog& log);
// logical_count or the bare list; of kCounts.
[[nodiscard]] const DataNode& CountsOf(const DataNode& root);

struct LoadsExtent {
  std::uint64_t layers = 0;
  std::uint64_t experts = 0;
};
// What each format says of its own shape; absent, with an error, when it says none. Rows behind the
// first one are not looked at.
[[nodiscard]] std::optional<LoadsExtent> ShapeOfLogicalCount(const DataNode& counts,
                                                             ImportLog& log);
[[nodiscard]] std::optional<LoadsExtent> ShapeOfRecords(const DataNode& root, ImportLog& log);
[[nodiscard]] std::optional<LoadsExtent> ShapeOfCountsNpy(std::string_view bytes, ImportLog& log);
[[nodiscard]] std::optional<LoadsExtent> ShapeOfCountsCsv(std::string_view text, ImportLog& log);

// {"logical_count": [layers][experts]} or with windows before them; a bare list as well.
void ReadLogicalCount(const DataNode& counts, CountTable& table, ImportLog& log);
// The recorder's records of mode per_pass, to logical experts by last_physical_to_logical_map.
void ReadRecords(const DataNode& root, const PlacementFileContext& context, CountTable& table,
                 ImportLog& log);
void ReadCountsNpy(std::string_view bytes, CountTable& table, ImportLog& log);
void ReadCountsCsv(std::string_view text, const PlacementFileContext& context, CountTable& table,
                   ImportLog& log);
[[nodiscard]] bool IsCountsCsv(std::string_view text);

}  // namespace switchyard
