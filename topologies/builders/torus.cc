#include "topologies/builders/torus.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"

namespace switchyard {
namespace {

const TorusSpec& FabricOf(const ClusterSpec& spec) { return std::get<TorusSpec>(*spec.fabric); }

std::string Product(const std::vector<std::uint32_t>& dimensions) {
  std::string text;
  for (const std::uint32_t size : dimensions) {
    text += (text.empty() ? "" : " x ") + std::to_string(size);
  }
  return text;
}

void CheckDimensions(const ClusterSpec& spec, Diagnostics& errors) {
  const std::vector<std::uint32_t>& dimensions = FabricOf(spec).dimensions;
  const std::string field = "fabric.torus.dimensions";
  if (dimensions.size() != 2 && dimensions.size() != 3) {
    AddSpecError(errors, field,
                 fmt::format("{} numbers; a torus has 2 or 3 dimensions", dimensions.size()));
    return;
  }
  std::uint64_t chips = 1;
  for (const std::uint32_t size : dimensions) {
    if (size == 0 || size > kMaxSwitches) {
      AddSpecError(errors, field, fmt::format("{}; must be 1 .. {}", size, kMaxSwitches));
      return;
    }
    chips *= size;
  }
  if (chips > kMaxSwitches) {
    AddSpecError(errors, field,
                 fmt::format("{} make {} chips; at most {} can be simulated", Product(dimensions),
                             chips, kMaxSwitches));
  } else if (chips != spec.NumDevices()) {
    AddSpecError(errors, field,
                 fmt::format("{} make {} chips, but the cluster has {} (nodes x "
                             "node.gpus)",
                             Product(dimensions), chips, spec.NumDevices()));
  }
}

}  // namespace

Diagnostics TorusBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodes(spec);
  CheckLinkSpec(FabricOf(spec).link, "fabric.torus.link", errors);
  if (errors.empty()) CheckDimensions(spec, errors);
  return errors;
}

Platform TorusBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  AddNodes(platform, spec);
  const TorusSpec& fabric = FabricOf(spec);
  const auto chips = static_cast<std::uint32_t>(platform.num_devices());
  double ports = 0;
  for (const std::uint32_t size : fabric.dimensions) ports += size > 1 ? 2 : 0;
  std::vector<VertexId> routers;
  for (std::uint32_t d = 0; d < chips; ++d) {
    routers.push_back(platform.AddVertex({VertexKind::kRouter, kNoNode, d}));
    // A torus of one chip has no ports; its link still needs a bandwidth.
    platform.AddDuplexLink(platform.gpu(DeviceId(d)), routers[d], LinkTier::kTorus,
                           fabric.link.bandwidth * (ports > 0 ? ports : 1), Seconds{0});
  }
  std::uint32_t stride = 1;
  for (const std::uint32_t size : fabric.dimensions) {
    for (std::uint32_t d = 0; d < chips && size > 1; ++d) {
      const std::uint32_t at = d / stride % size;
      const bool both = size == 2;
      if (both && at == 1) continue;
      const std::uint32_t next = at + 1 < size ? d + stride : d - at * stride;
      platform.AddDuplexLink(routers[d], routers[next], LinkTier::kTorus,
                             fabric.link.bandwidth * (both ? 2 : 1), fabric.link.latency);
    }
    stride *= size;
  }
  return platform;
}

}  // namespace switchyard
