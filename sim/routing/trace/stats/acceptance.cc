#include "sim/routing/trace/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace switchyard {
namespace {

constexpr double kLag1 = 2.0;
constexpr double kLag64 = 1.3;
constexpr double kSameToken = 0.7;
constexpr double kLoadLow = 1.3;
constexpr double kLoadHigh = 3.0;
constexpr double kAffinity = 3.0;
// Choices an expert, see the header: 2 ln E / 0.42^2, for up to 256 experts.
constexpr double kMinDomainLoad = 64.0;
constexpr std::uint32_t kLags[] = {1, 4, 16, 64};

double MiddleMean(const std::vector<double>& layers) {
  const std::size_t begin = layers.size() / 3;
  const std::size_t end = (2 * layers.size() + 2) / 3;
  return Mean({layers.begin() + static_cast<std::ptrdiff_t>(begin),
               layers.begin() + static_cast<std::ptrdiff_t>(end)});
}

// The figures of one line; empty when the trace does not have them.
using Figures = std::vector<double>;

Figures MiddleOverlap(const TraceStats& stats, std::uint32_t lag) {
  const auto found = stats.layer_overlap.find(lag);
  if (found == stats.layer_overlap.end()) return {};
  return {MiddleMean(found->second) / stats.overlap_uniform};
}
Figures Lag1(const TraceStats& stats) { return MiddleOverlap(stats, 1); }
Figures Lag64(const TraceStats& stats) { return MiddleOverlap(stats, 64); }

Figures Decreasing(const TraceStats& stats) {
  Figures figures;
  for (const std::uint32_t lag : kLags) {
    const Figures one = MiddleOverlap(stats, lag);
    if (one.empty()) return {};
    figures.push_back(one.front());
  }
  return figures;
}

Figures Layer0(const TraceStats& stats) {
  const Figures middle = Lag1(stats);
  if (middle.empty()) return {};
  return {stats.layer_overlap.at(1).front() / stats.overlap_uniform, middle.front()};
}

Figures SameToken(const TraceStats& stats) {
  const std::vector<double>& layers = stats.same_token_overlap;
  if (layers.empty()) return {};
  const auto half = static_cast<std::ptrdiff_t>(layers.size() / 2);
  return {*std::max_element(layers.begin() + half, layers.end())};
}

Figures Load(const TraceStats& stats) { return {Mean(stats.max_over_mean)}; }

Figures DomainLoad(const TraceStats& stats) {
  std::vector<double> loads;
  for (const DomainStats& domain : stats.domains) {
    const double choices = static_cast<double>(domain.tokens) * stats.top_k;
    if (choices / stats.experts >= kMinDomainLoad) loads.push_back(domain.max_over_mean);
  }
  if (loads.empty()) return {};
  return {Mean(loads)};
}

Figures Affinity(const TraceStats& stats) {
  if (!stats.affinity_top1) return {};
  return {*stats.affinity_top1 / stats.overlap_uniform};
}

bool IsDecreasing(const Figures& figures) {
  return std::adjacent_find(figures.begin(), figures.end(),
                            [](double a, double b) { return b >= a; }) == figures.end();
}

bool IsNearer(const Figures& figures) {
  return std::abs(figures[0] - 1.0) < std::abs(figures[1] - 1.0);
}

std::string ControlNote(const std::vector<std::string>& missing,
                        const std::vector<std::string>& not_below) {
  std::vector<std::string> parts;
  if (!missing.empty())
    parts.push_back("not measured: " + fmt::format("{}", fmt::join(missing, ", ")));
  if (!not_below.empty())
    parts.push_back("not below: " + fmt::format("{}", fmt::join(not_below, ", ")));
  return fmt::format("{}", fmt::join(parts, "; "));
}

class Judge {
 public:
  Judge(const TraceStats& trace, const TraceStats* control) : trace_(trace), control_(control) {
    list_.has_control = control != nullptr;
  }

  // `passes` decides on the trace's figures; `absent` says why there may be none.
  template <class F>
  void Line(std::string name, std::string required, Figures (*figures)(const TraceStats&),
            const std::string& absent, F passes) {
    AcceptanceLine line;
    line.name = std::move(name);
    line.required = std::move(required);
    line.measured = figures(trace_);
    if (control_ != nullptr) line.control = figures(*control_);
    if (line.measured.empty()) {
      line.note = absent;
    } else {
      line.verdict = passes(line.measured) ? Verdict::kPass : Verdict::kFail;
    }
    list_.lines.push_back(std::move(line));
  }

  // After the other lines: those named are compared with the control's.
  void Control(const std::vector<std::string>& names) {
    AcceptanceLine line;
    line.name = "control";
    line.required = fmt::format("control below: {}", fmt::join(names, ", "));
    std::vector<std::string> missing;
    std::vector<std::string> not_below;
    for (const AcceptanceLine& other : list_.lines) {
      if (std::find(names.begin(), names.end(), other.name) == names.end()) continue;
      if (other.measured.empty() || other.control.empty()) {
        missing.push_back(other.name);
      } else if (other.control.front() >= other.measured.front()) {
        not_below.push_back(other.name);
      }
    }
    if (missing.empty()) {
      line.verdict = not_below.empty() ? Verdict::kPass : Verdict::kFail;
      line.measured = {static_cast<double>(names.size() - not_below.size()),
                       static_cast<double>(names.size())};
    }
    line.note = control_ == nullptr ? "no --control" : ControlNote(missing, not_below);
    list_.lines.push_back(std::move(line));
  }

  Acceptance Take() { return std::move(list_); }

 private:
  const TraceStats& trace_;
  const TraceStats* control_;
  Acceptance list_;
};

std::string Numbers(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    text += fmt::format("{}{:.2f}", text.empty() ? "" : ", ", value);
  }
  return text.empty() ? "-" : text;
}

// Without blanks at its end.
std::string Row(std::string row) {
  row.erase(row.find_last_not_of(' ') + 1);
  return row + "\n";
}

std::string MeasuredOf(const AcceptanceLine& line) {
  if (line.name != "control" || line.measured.empty()) return Numbers(line.measured);
  return fmt::format("{:.0f} of {:.0f}", line.measured[0], line.measured[1]);
}

}  // namespace

bool Acceptance::accepted() const {
  return std::all_of(lines.begin(), lines.end(),
                     [](const AcceptanceLine& line) { return line.verdict == Verdict::kPass; });
}

Acceptance JudgeTrace(const TraceStats& trace, const TraceStats* control) {
  const auto at_least = [](double bound) {
    return [bound](const Figures& f) { return f.front() >= bound; };
  };
  const std::string too_short = "no sequence is that long";
  Judge judge(trace, control);
  judge.Line("lag_1", fmt::format("middle layers: at least {} x uniform", kLag1), Lag1, too_short,
             at_least(kLag1));
  judge.Line("decreasing", "middle layers: lags 1 > 4 > 16 > 64", Decreasing, too_short,
             IsDecreasing);
  judge.Line("lag_64", fmt::format("middle layers: at least {} x uniform", kLag64), Lag64,
             too_short, at_least(kLag64));
  judge.Line("layer_0", "lag 1: layer 0 nearer to 1 x uniform than the middle", Layer0, too_short,
             IsNearer);
  judge.Line("same_token", fmt::format("upper half: below {}", kSameToken), SameToken,
             "no token id that occurs twice",
             [](const Figures& f) { return f.front() < kSameToken; });
  judge.Line("load", fmt::format("max/mean of all: {} to {}", kLoadLow, kLoadHigh), Load, "",
             [](const Figures& f) { return f.front() >= kLoadLow && f.front() <= kLoadHigh; });
  const double whole = Mean(trace.max_over_mean);
  judge.Line("domain_load", fmt::format("max/mean per domain: above {:.2f}", whole), DomainLoad,
             "no domain of enough tokens", [whole](const Figures& f) { return f.front() > whole; });
  judge.Line("affinity", fmt::format("next layer: at least {} x uniform", kAffinity), Affinity,
             "a single layer, or too many experts", at_least(kAffinity));
  judge.Control({"lag_1", "lag_64", "domain_load", "affinity"});
  return judge.Take();
}

std::string ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kNotMeasured:
      break;
  }
  return "not measured";
}

std::string ToText(const Acceptance& acceptance) {
  constexpr const char* kRow = "{:<13}{:<14}{:<58}{:<24}{}";
  const bool control = acceptance.has_control;
  std::string text = "\n" + Row(fmt::format(kRow, "acceptance", "", "required", "measured",
                                            control ? "control" : ""));
  for (const AcceptanceLine& line : acceptance.lines) {
    std::string last = control ? Numbers(line.control) : "";
    if (!line.note.empty()) last += fmt::format("{}({})", control ? "  " : "", line.note);
    text += Row(fmt::format(kRow, line.name, ToString(line.verdict), line.required,
                            MeasuredOf(line), last));
  }
  text += acceptance.accepted() ? "accepted: every line passes\n"
                                : "not accepted: not every line passes\n";
  return text;
}

}  // namespace switchyard
