#include "kernels/core/checks.h"
#include "kernels/host/route_rows.h"
#include "kernels/routing.h"

namespace switchyard::kernels {
namespace {

template <class Logit>
Status Route(const RouteSpec& spec, HostMatrix<const Logit> logits, HostSpan<const float> bias,
             const RouteOutput<Memory::kHost>& out) {
  if (const Status s = CheckRoute(spec, logits, bias, out); !s.ok()) return s;
  RouteRows(spec, logits, bias, out, AvailableInstructions());
  return {};
}

}  // namespace

Status RouteTopK(const RouteSpec& spec, HostMatrix<const float> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out) {
  return Route(spec, logits, bias, out);
}
Status RouteTopK(const RouteSpec& spec, HostMatrix<const Bf16> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out) {
  return Route(spec, logits, bias, out);
}
Status RouteTopK(const RouteSpec& spec, HostMatrix<const Fp16> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out) {
  return Route(spec, logits, bias, out);
}

}  // namespace switchyard::kernels
