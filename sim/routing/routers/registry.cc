// Every expert router, one line each, and the checks that all of them share.
#include <fmt/format.h>

#include <cmath>

#include "sim/routing/routers/routers.h"

namespace switchyard {
namespace {

using RouterResult = Result<std::unique_ptr<ExpertRouter>>;

// The choices of one layer held in memory at once (6 bytes each).
constexpr std::uint64_t kMaxChoices = std::uint64_t{1} << 30;

struct Maker {
  const RoutingShape& shape;
  std::uint64_t seed;

  RouterResult operator()(const TraceRouting& spec) const {
    return MakeTraceReplay(spec, shape, seed);
  }
  RouterResult operator()(const FittedRouting& spec) const {
    return MakeFittedRouter(spec, shape, seed);
  }
  RouterResult operator()(const UniformRouting&) const { return MakeUniformRouter(shape, seed); }
  RouterResult operator()(const ZipfRouting& spec) const {
    return MakeZipfRouter(spec, shape, seed);
  }
  RouterResult operator()(const LogNormalRouting& spec) const {
    return MakeLogNormalRouter(spec, shape, seed);
  }
};

void Require(bool condition, std::string path, std::string message, Diagnostics& errors) {
  if (!condition) errors.push_back({{}, std::move(path), std::move(message)});
}

void CheckShape(const RoutingShape& s, Diagnostics& errors) {
  Require(s.num_experts >= 1 && s.num_experts < kNoExpert, "model.num_experts",
          fmt::format("is {}; allowed: 1 to {}", s.num_experts, kNoExpert - 1), errors);
  Require(s.top_k >= 1 && s.top_k <= s.num_experts, "model.top_k",
          fmt::format("is {}; a token chooses 1 to {} distinct experts", s.top_k, s.num_experts),
          errors);
  Require(std::uint64_t{s.tokens} * s.top_k <= kMaxChoices, "workload",
          fmt::format("{} tokens with {} choices each; at most {} choices fit one step", s.tokens,
                      s.top_k, kMaxChoices),
          errors);
}

void CheckGroups(const RoutingShape& s, Diagnostics& errors) {
  const bool divides = s.num_groups >= 1 && s.num_experts % s.num_groups == 0;
  Require(divides, "model.num_groups",
          fmt::format("{} groups do not divide {} experts", s.num_groups, s.num_experts), errors);
  if (!divides) return;
  Require(s.topk_groups >= 1 && s.topk_groups <= s.num_groups, "model.topk_groups",
          fmt::format("is {}; allowed: 1 to {} (num_groups)", s.topk_groups, s.num_groups), errors);
  const std::uint64_t offered = std::uint64_t{s.topk_groups} * (s.num_experts / s.num_groups);
  Require(s.top_k <= offered, "model.topk_groups",
          fmt::format("{} of {} groups hold {} experts, fewer than top_k = {}", s.topk_groups,
                      s.num_groups, offered, s.top_k),
          errors);
}

void RequireRange(double value, double max, std::string path, Diagnostics& errors) {
  Require(value >= 0.0 && value <= max, std::move(path),
          fmt::format("is {}; allowed: 0 to {}", value, max), errors);
}

// The largest parameters keep every popularity a normal double: 65535^-10 and exp(10 * 8).
constexpr double kMaxExponent = 10;
constexpr double kMaxSigma = 10;
constexpr double kMaxLogitSigma = 100;

struct ParameterCheck {
  Diagnostics& errors;

  void operator()(const TraceRouting&) const {}
  void operator()(const UniformRouting&) const {}
  void operator()(const ZipfRouting& s) const {
    RequireRange(s.exponent, kMaxExponent, "routing.zipf.exponent", errors);
  }
  void operator()(const LogNormalRouting& s) const {
    RequireRange(s.sigma, kMaxSigma, "routing.lognormal.sigma", errors);
  }
  void operator()(const FittedRouting& s) const {
    RequireRange(s.sigma_base, kMaxLogitSigma, "routing.fitted.sigma_base", errors);
    RequireRange(s.sigma_request, kMaxLogitSigma, "routing.fitted.sigma_request", errors);
    RequireRange(s.sigma_fast, kMaxLogitSigma, "routing.fitted.sigma_fast", errors);
    Require(s.phi >= 0.0 && s.phi < 1.0, "routing.fitted.phi",
            fmt::format("is {}; allowed: 0 up to, not including, 1", s.phi), errors);
    Require(s.tokens_per_request >= 1, "routing.fitted.tokens_per_request", "must be at least 1",
            errors);
  }
};

}  // namespace

RouterResult MakeExpertRouter(const RoutingSpec& spec, const RoutingShape& shape,
                              std::uint64_t seed) {
  Diagnostics errors;
  CheckShape(shape, errors);
  if (!std::holds_alternative<TraceRouting>(spec)) CheckGroups(shape, errors);
  std::visit(ParameterCheck{errors}, spec);
  if (!errors.empty()) return errors;
  return std::visit(Maker{shape, seed}, spec);
}

}  // namespace switchyard
