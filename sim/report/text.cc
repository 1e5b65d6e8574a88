#include "sim/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/report/format.h"

namespace switchyard {
namespace {

using Parts = std::vector<std::pair<std::string, double>>;

constexpr std::size_t kLabelWidth = 15;       // "conservation" and its colon fit
constexpr std::size_t kMaxBreakdownRows = 8;  // the smallest parts share the last one
constexpr std::size_t kMaxBreakdownName = 20;
constexpr std::size_t kMaxLinkName = 40;
constexpr std::size_t kMaxLinks = 2;
constexpr int kBarWidth = 40;

using Lines = std::vector<std::string>;

void Add(Lines& lines, std::string_view label, std::string_view text) {
  lines.push_back(ClipLine(fmt::format("{:<{}}{}", label, kLabelWidth, text), kMaxTextColumns));
}

// The fidelity, and for batched flows how stale their rates may be: "flow to 1.1 us".
std::string Fidelity(const RunResult& result) {
  if (!result.batching) return result.fidelity;
  if (result.batching->tolerance == 0) return result.fidelity + " exact";
  return fmt::format("{} to {}", result.fidelity, FormatSeconds(result.batching->widest_window_s));
}

void AddHeadline(Lines& lines, const RunResult& result) {
  lines.push_back(ClipLine(result.scenario, kMaxTextColumns));
  lines.push_back(
      ClipLine(fmt::format("step time {}  |  {} tokens/s  |  {} tokens/s/device  |  fidelity {}",
                           FormatSeconds(result.step_time_s), FormatCount(result.tokens_per_s),
                           FormatCount(result.tokens_per_s_per_device), Fidelity(result)),
               kMaxTextColumns));
}

// In the order given, the smallest parts merged into one when there are too many rows.
Parts BreakdownRows(const Parts& parts) {
  if (parts.size() <= kMaxBreakdownRows) return parts;
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&parts](std::size_t a, std::size_t b) {
    return parts[a].second > parts[b].second;
  });
  const auto first_merged = order.begin() + (kMaxBreakdownRows - 1);
  double other = 0.0;
  std::for_each(first_merged, order.end(), [&](std::size_t i) { other += parts[i].second; });
  const std::size_t merged = parts.size() - (kMaxBreakdownRows - 1);
  order.erase(first_merged, order.end());
  std::sort(order.begin(), order.end());
  Parts rows;
  for (const std::size_t i : order) rows.push_back(parts[i]);
  rows.emplace_back(fmt::format("{} smaller parts", merged), other);
  return rows;
}

void AddBreakdown(Lines& lines, const RunResult& result) {
  constexpr double kStepsPerUnit = 1000.0;    // times with three decimals
  constexpr double kTenthsPerWhole = 1000.0;  // shares with one decimal of a percent
  const Parts rows = BreakdownRows(result.breakdown_s);
  std::vector<double> times;
  for (const auto& row : rows) times.push_back(row.second);
  const double sum = std::accumulate(times.begin(), times.end(), 0.0);
  const TimeUnit unit = ChooseTimeUnit(result.step_time_s);
  const std::vector<std::int64_t> steps = RoundKeepingSum(times, unit.seconds / kStepsPerUnit);
  const std::vector<std::int64_t> tenths = sum > 0.0 ? RoundKeepingSum(times, sum / kTenthsPerWhole)
                                                     : std::vector<std::int64_t>(times.size(), 0);
  const auto add_row = [&](std::string_view name, std::int64_t time, std::int64_t share,
                           std::size_t bar) {
    lines.push_back(fmt::format("  {:<{}} {:>9.3f} {:<2} {:>6.1f} %  {}",
                                ClipLine(name, kMaxBreakdownName), kMaxBreakdownName,
                                static_cast<double>(time) / kStepsPerUnit, unit.name,
                                static_cast<double>(share) / 10.0, std::string(bar, '#')));
    while (lines.back().ends_with(' ')) lines.back().pop_back();
  };
  lines.push_back(fmt::format(
      "where the step goes (device {}, the slowest; communication {} exposed, {} hidden)",
      result.slowest_device, FormatSeconds(result.exposed_comm_s),
      FormatPercent(result.overlap_fraction)));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double share = static_cast<double>(tenths[i]) / kTenthsPerWhole;
    const double bar = std::clamp(std::round(share * kBarWidth), 0.0, double{kBarWidth});
    add_row(rows[i].first, steps[i], tenths[i], static_cast<std::size_t>(bar));
  }
  add_row("= step time", std::accumulate(steps.begin(), steps.end(), std::int64_t{}),
          std::accumulate(tenths.begin(), tenths.end(), std::int64_t{}), 0);
}

// As many entries as fit on the line; the rest as a number.
void AddCriticalPath(Lines& lines, const RunResult& result) {
  if (result.critical_path.empty()) return;
  constexpr std::size_t kTail = 12;  // ", 1234 more"
  std::string text;
  std::size_t shown = 0;
  for (const CriticalPathEntry& entry : result.critical_path) {
    const std::string item = fmt::format("{}{} {} ({}x)", shown == 0 ? "" : ", ", entry.name,
                                         FormatSeconds(entry.time_s), entry.count);
    if (kLabelWidth + DisplayWidth(text) + DisplayWidth(item) + kTail > kMaxTextColumns) break;
    text += item;
    ++shown;
  }
  const std::size_t more = result.critical_path.size() - shown;
  if (more > 0) text += fmt::format("{}{} more", shown == 0 ? "" : ", ", more);
  Add(lines, "critical path:", text);
}

void AddLinks(Lines& lines, const RunResult& result) {
  if (result.links.empty()) Add(lines, "busiest links:", "no traffic");
  std::vector<LinkResult> links = result.links;
  links.resize(std::min(links.size(), kMaxLinks));
  std::size_t width = 0;
  for (LinkResult& link : links) {
    link.name = ClipLine(link.name, kMaxLinkName);
    width = std::max(width, DisplayWidth(link.name));
  }
  std::string_view label = "busiest links:";
  for (const LinkResult& link : links) {
    const std::string padding(width - DisplayWidth(link.name), ' ');
    Add(lines, label,
        fmt::format("{}{}  {:<10} {:>9}  {:>7} of capacity", link.name, padding, link.tier,
                    FormatBytes(link.bytes), FormatPercent(link.utilization)));
    label = "";
  }
}

void AddLoad(Lines& lines, const RunResult& result) {
  if (!result.load && !result.drops) return;
  std::string text;
  if (result.load) text = fmt::format("max/mean {:.2f}", result.load->max_over_mean);
  if (result.drops) {
    const auto total = static_cast<double>(result.drops->choices_total);
    const auto dropped = static_cast<double>(result.drops->choices_dropped);
    const auto whole = static_cast<double>(result.drops->tokens_fully_dropped);
    text += fmt::format("{}dropped {} of {} choices ({}{})", text.empty() ? "" : ";  ",
                        FormatCount(dropped), FormatCount(total),
                        FormatPercent(dropped / std::max(total, 1.0)),
                        whole > 0 ? "; whole tokens: " + FormatCount(whole) : "");
  }
  Add(lines, "device load:", text);
}

void AddNetwork(Lines& lines, const RunResult& result) {
  const TrafficResult& traffic = result.traffic;
  Add(lines, "network:",
      fmt::format("{} dispatch, {} combine;  {} between nodes, {} within",
                  FormatBytes(traffic.dispatch_bytes), FormatBytes(traffic.combine_bytes),
                  FormatBytes(traffic.inter_node_bytes), FormatBytes(traffic.intra_node_bytes)));
}

// "1.282 kJ"; below a joule mJ and uJ.
std::string FormatJoules(double joules) {
  constexpr double kMilli = 1e-3;
  constexpr double kMicro = 1e-6;
  const double size = std::abs(joules);
  if (size > 0 && size < kMilli) return FormatCount(joules / kMicro) + " uJ";
  if (size > 0 && size < 1) return FormatCount(joules / kMilli) + " mJ";
  const std::string count = FormatCount(joules);
  const bool has_prefix = std::isalpha(static_cast<unsigned char>(count.back())) != 0;
  return count + (has_prefix ? "J" : " J");  // the count's prefix belongs to the unit
}

void AddMemory(Lines& lines, const RunResult& result) {
  std::string text =
      fmt::format("{} per device, {}", FormatBytes(result.memory.per_device_peak_bytes),
                  result.memory.fits ? "fits" : "DOES NOT FIT");
  if (result.energy) {
    text += fmt::format(";  energy {} a step, {} a token", FormatJoules(result.energy->total_j),
                        FormatJoules(result.energy->per_token_j));
  }
  Add(lines, "memory:", text);
}

void AddConservation(Lines& lines, const ConservationResult& conservation) {
  const std::string absent =
      conservation.absent > 0 ? fmt::format(" + {} not in the trace", conservation.absent) : "";
  if (conservation.ok) {
    Add(lines, "conservation:",
        fmt::format("ok  choices in = computed + dropped{}: {}; bytes sent = received: {}", absent,
                    conservation.tokens_in, FormatBytes(conservation.bytes_sent)));
    return;
  }
  Add(lines, "conservation:",
      fmt::format("FAILED  choices in {} / out {}; bytes sent {:.0f} / received {:.0f}",
                  conservation.tokens_in, conservation.tokens_out, conservation.bytes_sent,
                  conservation.bytes_received));
}

// One line each, as many as there is room for; all are in the JSON.
void AddAssumptions(Lines& lines, const std::vector<std::string>& assumptions) {
  std::string_view label = "assumptions:";
  const std::size_t room = kMaxTextLines - std::min(lines.size(), kMaxTextLines);
  const bool all = assumptions.size() <= room;
  const std::size_t shown = all ? assumptions.size() : std::max<std::size_t>(room, 1) - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    Add(lines, label, assumptions[i]);
    label = "";
  }
  if (all || room == 0) return;
  Add(lines, label, fmt::format("and {} more, in the JSON", assumptions.size() - shown));
}

}  // namespace

std::string ToText(const RunResult& result) {
  Lines lines;
  AddHeadline(lines, result);
  lines.emplace_back();
  AddBreakdown(lines, result);
  lines.emplace_back();
  AddCriticalPath(lines, result);
  AddLinks(lines, result);
  AddLoad(lines, result);
  AddNetwork(lines, result);
  AddMemory(lines, result);
  AddConservation(lines, result.conservation);
  AddAssumptions(lines, result.assumptions);
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

}  // namespace switchyard
