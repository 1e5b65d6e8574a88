#include <google/protobuf/descriptor.h>

#include <string>

#include "scenarios/schema/scenario.pb.h"
#include "sim/routing/fitted_presets.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using Fitted = pb::Routing::Fitted;

// Replaces the preset by its values; what the scenario gives itself stays.
void ExpandPreset(Fitted& fitted) {
  if (!fitted.has_preset()) return;
  const std::string name =
      EnumName(*Fitted::Preset_descriptor()->FindValueByNumber(fitted.preset()));
  for (const FittedPreset& preset : kFittedPresets) {
    if (preset.name != name) continue;
    const FittedRouting& values = preset.routing;
    if (!fitted.has_sigma_base()) fitted.set_sigma_base(values.sigma_base);
    if (!fitted.has_sigma_request()) fitted.set_sigma_request(values.sigma_request);
    if (!fitted.has_sigma_fast()) fitted.set_sigma_fast(values.sigma_fast);
    if (!fitted.has_phi()) fitted.set_phi(values.phi);
  }
  fitted.clear_preset();
}

TracePart ToPart(pb::Routing::Trace::Part part) {
  switch (part) {
    case pb::Routing::Trace::FIT:
      return TracePart::kFit;
    case pb::Routing::Trace::HELD_OUT:
      return TracePart::kHeldOut;
    case pb::Routing::Trace::ALL:
    case pb::Routing::Trace::PART_UNSPECIFIED:
      break;
  }
  return TracePart::kAll;
}

RoutingSpec ResolveFitted(Fitted& fitted, const pb::Workload& workload, const Resolution& at) {
  ExpandPreset(fitted);
  if (!fitted.has_sigma_base() || !fitted.has_sigma_request() || !fitted.has_sigma_fast() ||
      !fitted.has_phi()) {
    at.Error("routing.fitted",
             "needs a preset, or all of sigma_base, sigma_request, sigma_fast and phi");
  }
  if (!fitted.has_tokens_per_request()) {
    const bool decode = workload.phase() == pb::Workload::DECODE;
    fitted.set_tokens_per_request(decode ? 1 : workload.context_length());
  }
  return FittedRouting{fitted.sigma_base(), fitted.sigma_request(), fitted.sigma_fast(),
                       fitted.phi(), fitted.tokens_per_request()};
}

}  // namespace

RoutingSpec ResolveRouting(pb::Scenario& message, const Resolution& at) {
  if (!at.problems.Usable({"routing"})) return UniformRouting{};
  pb::Routing& routing = *message.mutable_routing();
  switch (routing.source_case()) {
    case pb::Routing::kTrace:
      return TraceRouting{
          routing.trace().path(), routing.trace().first_token(),
          routing.trace().layers() == pb::Routing::Trace::STRETCH ? TraceLayers::kStretch
                                                                  : TraceLayers::kExact,
          routing.trace().tokens() == pb::Routing::Trace::SHUFFLED ? TraceTokens::kShuffled
                                                                   : TraceTokens::kRecorded,
          ToPart(routing.trace().part())};
    case pb::Routing::kFitted:
      return ResolveFitted(*routing.mutable_fitted(), message.workload(), at);
    case pb::Routing::kUniform:
      return UniformRouting{};
    case pb::Routing::kZipf:
      return ZipfRouting{routing.zipf().exponent()};
    case pb::Routing::kLognormal:
      return LogNormalRouting{routing.lognormal().sigma()};
    case pb::Routing::SOURCE_NOT_SET:
      break;
  }
  at.Error("routing", "needs one of: trace, fitted, uniform, zipf, lognormal");
  return UniformRouting{};
}

}  // namespace switchyard
