#include "sim/routing/trace/trace_join.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

template <class T>
void Append(const std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), from.begin(), from.end());
}

// The shape of the whole; a part whose number of experts is only the largest id may have fewer.
void AdoptExperts(const RouterTrace& part, RouterTrace& all) {
  if (all.experts_inferred) {
    all.num_experts =
        part.experts_inferred ? std::max(all.num_experts, part.num_experts) : part.num_experts;
    all.experts_inferred = part.experts_inferred;
  }
}

std::string CheckShape(const RouterTrace& part, const RouterTrace& all) {
  if (part.layers() != all.layers() || part.top_k != all.top_k) {
    return fmt::format("has {} MoE layers, top-{}; the first file has {}, top-{}", part.layers(),
                       part.top_k, all.layers(), all.top_k);
  }
  if (part.layer_ids != all.layer_ids) return "has other layers of its model than the first file";
  const bool fits = part.num_experts == all.num_experts ||
                    (part.experts_inferred && part.num_experts < all.num_experts);
  if (fits) return "";
  return fmt::format("has {} experts; another file has {}", part.num_experts, all.num_experts);
}

// The index of a domain of this name, which is added where it is new.
std::uint8_t DomainOf(const std::string& name, RouterTrace& all) {
  const auto found = std::find(all.domains.begin(), all.domains.end(), name);
  if (found == all.domains.end()) all.domains.push_back(name);
  return static_cast<std::uint8_t>(std::min<std::ptrdiff_t>(
      std::distance(all.domains.begin(), std::find(all.domains.begin(), all.domains.end(), name)),
      kNoDomain));
}

void AppendRuns(const RouterTrace& part, const std::string& name, RouterTrace& all) {
  std::uint32_t first = 0;  // sequence ids below are taken
  for (const TraceRun& run : all.runs) first = std::max(first, run.sequence + 1);
  std::map<std::uint32_t, std::uint32_t> sequences;  // of the part -> of the whole
  for (TraceRun run : part.runs) {
    const auto next = first + static_cast<std::uint32_t>(sequences.size());
    run.sequence = sequences.try_emplace(run.sequence, next).first->second;
    if (part.domains.empty()) {
      run.domain = DomainOf(name, all);
    } else if (run.domain != kNoDomain) {
      run.domain = DomainOf(part.domains[run.domain], all);
    }
    all.runs.push_back(run);
  }
}

void AppendKept(const RouterTrace& part, std::uint32_t layer, RouterTrace& all) {
  if (!part.kept.empty()) {
    Append(part.kept[layer], all.kept[layer]);
    return;
  }
  for (const ExpertIndex e : part.experts[layer]) {
    all.kept[layer].push_back(e != kNoExpert ? 1 : 0);
  }
}

void AppendPart(const RouterTrace& part, const std::string& name, RouterTrace& all) {
  const std::uint64_t begin = all.tokens();
  AppendRuns(part, name, all);
  Append(part.steps, all.steps);
  Append(part.gaps, all.gaps);
  Append(part.warnings, all.warnings);
  if (!part.token_ids.empty()) {
    all.token_ids.resize(begin, kNoTokenId);
    Append(part.token_ids, all.token_ids);
  }
  for (std::uint32_t l = 0; l < all.layers(); ++l) {
    Append(part.experts[l], all.experts[l]);
    if (!all.kept.empty()) AppendKept(part, l, all);
    if (all.weight_format == WeightFormat::kNone) continue;
    Append(part.weights[l].bits, all.weights[l].bits);
    Append(part.weights[l].values, all.weights[l].values);
  }
  if (!all.token_ids.empty()) all.token_ids.resize(all.tokens(), kNoTokenId);
}

// The first part's words and shape, without its tokens.
RouterTrace Empty(const std::vector<RouterTrace>& parts) {
  const RouterTrace& first = parts.front();
  RouterTrace all;
  all.model_name = first.model_name;
  all.tool = first.tool;
  all.origin = first.origin;
  all.device = first.device;
  all.driver = first.driver;
  all.corpus = first.corpus;
  all.seed = first.seed;
  all.notes = first.notes;
  all.num_experts = first.num_experts;
  all.experts_inferred = first.experts_inferred;
  all.top_k = first.top_k;
  all.layer_ids = first.layer_ids;
  all.experts.resize(first.layers());
  const bool same_weights = std::all_of(parts.begin(), parts.end(), [&](const RouterTrace& part) {
    return part.weight_format == first.weight_format;
  });
  if (same_weights && first.weight_format != WeightFormat::kNone) {
    all.weight_format = first.weight_format;
    all.weights.resize(first.layers());
  }
  const bool drops = std::any_of(parts.begin(), parts.end(),
                                 [](const RouterTrace& part) { return !part.kept.empty(); });
  if (drops) all.kept.resize(first.layers());
  return all;
}

}  // namespace

Result<RouterTrace> JoinTraces(std::vector<RouterTrace> parts,
                               const std::vector<std::string>& names) {
  SWITCHYARD_CHECK(!parts.empty() && parts.size() == names.size(), "one name for each part");
  if (parts.size() == 1) return std::move(parts.front());
  RouterTrace all = Empty(parts);
  for (const RouterTrace& part : parts) AdoptExperts(part, all);
  Diagnostics errors;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string error = CheckShape(parts[i], all);
    if (!error.empty()) errors.push_back(FileError(names[i], error));
  }
  if (!errors.empty()) return errors;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    AppendPart(parts[i], names[i], all);
    parts[i] = RouterTrace();  // its memory
  }
  if (all.domains.size() > kMaxTraceDomains) {
    return FileError(names.back(), fmt::format("makes {} domains of them all; allowed: up to {}",
                                               all.domains.size(), kMaxTraceDomains));
  }
  return all;
}

}  // namespace switchyard
