#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/placement/files/load_readers.h"
#include "sim/routing/trace/import/shown_layers.h"

namespace switchyard {
namespace {

constexpr std::uint64_t kMaxCounts = std::uint64_t{1} << 26;  // 512 MiB
// Sums over all windows stay exact (2^53) and far from the largest double.
constexpr double kMaxCount = 0x1p52;

bool AllZero(std::span<const double> counts) {
  return std::all_of(counts.begin(), counts.end(), [](double c) { return c == 0; });
}

}  // namespace

CountTable::CountTable(const PlacementFileContext& context, ImportLog& log)
    : context_(context), log_(log) {
  for (const std::uint32_t layer : context.moe_layers) {
    index_[layer] = loads_.size();
    loads_.emplace_back(context.experts);
  }
}

bool CountTable::BeginRows(std::size_t rows, const ImportPlace& place) {
  layers_ = LayersOfRows(rows, context_, place, log_);
  if (layers_.empty() || !CheckSize(1, place)) return false;
  if (window_.empty()) window_.assign(loads_.size(), std::vector<double>(context_.experts));
  return true;
}

bool CountTable::CheckSize(std::uint64_t windows, const ImportPlace& place) {
  const std::uint64_t per_window = std::uint64_t{context_.experts} * loads_.size();
  if (per_window <= kMaxCounts && windows <= kMaxCounts / per_window) return true;
  log_.Error(place, fmt::format("{} windows of {} MoE layers and {} experts; at most {} counts "
                                "are read",
                                windows, loads_.size(), context_.experts, kMaxCounts));
  return false;
}

void CountTable::SetRow(std::size_t row, std::span<const double> counts, const ImportPlace& place) {
  if (counts.size() != context_.experts) {
    log_.Error(place,
               fmt::format("{} counts; the model has {} experts", counts.size(), context_.experts));
    return;
  }
  const auto wrong = std::find_if(counts.begin(), counts.end(),
                                  [](double c) { return !(c >= 0 && c <= kMaxCount); });
  if (wrong != counts.end()) {
    log_.Error(place, fmt::format("expert {} has count {}; allowed: 0 to 2^52",
                                  wrong - counts.begin(), *wrong));
    return;
  }
  const auto found = index_.find(layers_[row]);
  if (found != index_.end()) {
    window_[found->second].assign(counts.begin(), counts.end());
  } else {
    dense_counts_ = dense_counts_ || !AllZero(counts);
  }
}

void CountTable::EndWindow() {
  if (std::all_of(window_.begin(), window_.end(), AllZero)) {
    ++empty_windows_;
    return;
  }
  for (std::size_t l = 0; l < loads_.size(); ++l) {
    loads_[l].Add(window_[l]);
    std::fill(window_[l].begin(), window_[l].end(), 0);
  }
}

Result<LoadsFile> CountTable::Finish(std::string_view format) && {
  if (log_.ok() && loads_.front().windows() == 0) {
    log_.Error({}, fmt::format("holds no choice of any expert in {} {}", empty_windows_,
                               empty_windows_ == 1 ? "window" : "windows"));
  }
  if (!log_.ok()) return log_.errors();
  if (empty_windows_ > 0) {
    log_.Warn(
        fmt::format("{} of {} windows hold no choice (the unused part of a recorder's "
                    "buffer): left out",
                    empty_windows_, empty_windows_ + loads_.front().windows()));
  }
  if (dense_counts_) {
    log_.Warn(
        "rows of dense layers hold counts, which are left out: are the rows those of another "
        "model?");
  }
  std::vector<std::uint32_t> never;
  for (std::size_t l = 0; l < loads_.size(); ++l) {
    if (AllZero(loads_[l].Total())) never.push_back(context_.moe_layers[l]);
  }
  if (!never.empty()) {
    log_.Warn(fmt::format("no expert of the layers {} was ever chosen", ShownLayers(never)));
  }
  return LoadsFile{format, std::move(loads_), log_.warnings()};
}

}  // namespace switchyard
