#include "sim/report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

namespace switchyard {
namespace {

struct Scale {
  std::string_view suffix;
  double factor;
};

constexpr std::array<Scale, 4> kTimeScales{{{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1.0}}};
constexpr std::array<Scale, 6> kByteScales{
    {{"B", 1.0}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}}};
constexpr std::array<Scale, 5> kCountScales{
    {{"", 1.0}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}}};

constexpr int kSignificantDigits = 4;

// The largest scale that leaves at least 1 before the point once four digits are kept: 999.96 us
// prints as "1.000 ms".
const Scale& ChooseScale(double value, std::span<const Scale> scales) {
  const double magnitude = std::abs(value) * (1.0 + 5e-5);
  std::size_t chosen = 0;
  while (chosen + 1 < scales.size() && magnitude >= scales[chosen + 1].factor) ++chosen;
  return scales[chosen];
}

// Four significant digits without an exponent: 1.235, 12.35, 123.5, 1235.
std::string FourDigits(double value) {
  const double magnitude = std::abs(value) * (1.0 + 5e-5);
  int before_point = 1;
  for (double limit = 10.0; magnitude >= limit && before_point < kSignificantDigits; limit *= 10.0)
    ++before_point;
  return fmt::format("{:.{}f}", value, kSignificantDigits - before_point);
}

std::string Scaled(double value, std::span<const Scale> scales) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const Scale& scale = ChooseScale(value, scales);
  if (value == 0.0) return fmt::format("0 {}", scale.suffix);
  return fmt::format("{} {}", FourDigits(value / scale.factor), scale.suffix);
}

}  // namespace

std::string FormatSeconds(double seconds) {
  return seconds == 0.0 ? "0 s" : Scaled(seconds, kTimeScales);
}

std::string FormatBytes(double bytes) {
  if (std::abs(bytes) < kByteScales[1].factor) return fmt::format("{:.0f} B", bytes);
  return Scaled(bytes, kByteScales);
}

std::string FormatCount(double count) {
  const bool whole = std::abs(count) < kCountScales[1].factor && count == std::floor(count);
  if (whole) return fmt::format("{:.0f}", count);
  std::string text = Scaled(count, kCountScales);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string FormatPercent(double share) { return fmt::format("{:.1f} %", 100.0 * share); }

TimeUnit ChooseTimeUnit(double largest_seconds) {
  const Scale& scale = ChooseScale(largest_seconds, kTimeScales);
  return {scale.suffix, scale.factor};
}

std::vector<std::int64_t> RoundKeepingSum(const std::vector<double>& parts, double quantum) {
  std::vector<std::int64_t> rounded;
  std::vector<double> remainders;
  for (const double part : parts) {
    const double floor = std::floor(part / quantum);
    rounded.push_back(static_cast<std::int64_t>(floor));
    remainders.push_back(part / quantum - floor);
  }
  const double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  std::int64_t missing =
      std::llround(sum / quantum) - std::accumulate(rounded.begin(), rounded.end(), std::int64_t{});
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&remainders](std::size_t a, std::size_t b) {
    return remainders[a] > remainders[b];
  });
  for (const std::size_t i : order) {
    if (missing <= 0) break;
    ++rounded[i];
    --missing;
  }
  return rounded;
}

std::size_t DisplayWidth(std::string_view text) {
  constexpr unsigned kContinuationMask = 0xC0;
  constexpr unsigned kContinuation = 0x80;
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & kContinuationMask) != kContinuation;
  }));
}

std::string ClipLine(std::string_view text, std::size_t width) {
  constexpr std::string_view kEllipsis = "...";
  constexpr unsigned char kFirstPrintable = 0x20;
  constexpr unsigned char kDelete = 0x7f;
  std::string line(text);
  for (char& c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < kFirstPrintable || byte == kDelete) c = '?';
  }
  if (DisplayWidth(line) <= width) return line;
  const std::size_t kept = width > kEllipsis.size() ? width - kEllipsis.size() : 0;
  // Whole code points only: stop before the first byte of code point number kept + 1.
  std::size_t bytes = 0;
  while (bytes < line.size() && DisplayWidth(std::string_view(line).substr(0, bytes + 1)) <= kept)
    ++bytes;
  return line.substr(0, bytes).append(kEllipsis.substr(0, width - std::min(width, kept)));
}

}  // namespace switchyard
