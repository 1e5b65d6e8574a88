// Every disturbance as a sentence.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

constexpr double kPercent = 100.0;

// In the largest unit that leaves it at 1 or more: "500 us".
std::string Time(Seconds time) {
  constexpr double kMilli = 1e-3;
  constexpr double kMicro = 1e-6;
  if (time.value >= 1.0 || time.value == 0.0) return fmt::format("{:.6g} s", time.value);
  if (time.value >= kMilli) return fmt::format("{:.6g} ms", time.value / kMilli);
  return fmt::format("{:.6g} us", time.value / kMicro);
}

std::string When(Seconds from, Seconds until) {
  std::string text;
  if (from > Seconds{}) text += " from " + Time(from);
  if (until != kForever) text += " until " + Time(until);
  return text;
}

std::string Gpus(const std::vector<std::string>& gpus) {
  constexpr std::size_t kShown = 3;
  if (gpus.empty()) return "all GPUs";
  std::string text = "GPU";
  for (std::size_t i = 0; i < std::min(gpus.size(), kShown); ++i) {
    text += (i == 0 ? " " : ", ") + gpus[i];
  }
  if (gpus.size() > kShown) text += fmt::format(" and {} more", gpus.size() - kShown);
  return text;
}

std::string Slow(const std::string& what, const NamedSlowdown& s) {
  if (s.slowdown.factor == 0.0) return what + " " + s.name + " dead, its traffic takes other ways";
  return fmt::format("{} {} at {:.4g} %{}", what, s.name, kPercent * s.slowdown.factor,
                     When(s.slowdown.from, s.slowdown.until));
}

std::string Describe(const Straggler& s) {
  const std::string where = Gpus(s.gpus) + ", per " + (s.per == JitterPer::kTask ? "task" : "step");
  switch (s.kind) {
    case JitterKind::kNormal:
      return fmt::format("compute times x (1 + {:g} N(0,1)), {}", s.sigma, where);
    case JitterKind::kLogNormal:
      return fmt::format("compute times x exp({:g} N(0,1)), {}", s.sigma, where);
    case JitterKind::kExponential:
      return fmt::format("compute times x (1 + {:g} Exp(1)), {}", s.sigma, where);
    case JitterKind::kDelay:
      break;
  }
  return fmt::format("{} more compute time, {}", Time(s.delay), where);
}

std::string Describe(const ClockSpread& c) {
  const std::string spread = c.sigma > 0 ? fmt::format(" x (1 + {:g} N(0,1))", c.sigma) : "";
  return fmt::format("clocks at {:.4g} %{}, {}", kPercent * c.factor, spread, Gpus(c.gpus));
}

std::string Describe(const Background& b) {
  constexpr double kGiga = 1e9;
  std::string text;
  if (!b.link.empty()) {
    text = fmt::format("background on {:.4g} % of {}", kPercent * b.share, b.link);
  } else {
    text = fmt::format("background of {:.4g} GB/s from GPU {} to {}", b.rate.value / kGiga, b.from,
                       b.to);
  }
  if (b.bursts) {
    text += fmt::format(", {} of every {}", Time(b.bursts->burst), Time(b.bursts->period));
  }
  return text + When(b.start, b.until);
}

}  // namespace

std::vector<std::string> DescribeDisturbances(const Disturbances& d) {
  std::vector<std::string> sentences;
  for (const NamedSlowdown& s : d.links) sentences.push_back(Slow("link", s));
  for (const NamedSlowdown& s : d.nics) sentences.push_back(Slow("NIC", s));
  for (const NamedSlowdown& s : d.gpus) sentences.push_back(Slow("GPU", s));
  for (const Straggler& s : d.stragglers) sentences.push_back(Describe(s));
  for (const ClockSpread& c : d.clocks) sentences.push_back(Describe(c));
  for (const Background& b : d.background) sentences.push_back(Describe(b));
  for (std::string& sentence : sentences) sentence.insert(0, "what if: ");
  return sentences;
}

}  // namespace switchyard
