// The routers by name of their factory; used by registry.cc only. The shape is already checked.
#pragma once

#include <memory>

#include "sim/routing/expert_router.h"

namespace switchyard {

[[nodiscard]] Result<std::unique_ptr<ExpertRouter>> MakeTraceReplay(const TraceRouting& spec,
                                                                    const RoutingShape& shape,
                                                                    std::uint64_t seed);
[[nodiscard]] std::unique_ptr<ExpertRouter> MakeFittedRouter(const FittedRouting& spec,
                                                             const RoutingShape& shape,
                                                             std::uint64_t seed);
[[nodiscard]] std::unique_ptr<ExpertRouter> MakeUniformRouter(const RoutingShape& shape,
                                                              std::uint64_t seed);
[[nodiscard]] std::unique_ptr<ExpertRouter> MakeZipfRouter(const ZipfRouting& spec,
                                                           const RoutingShape& shape,
                                                           std::uint64_t seed);
[[nodiscard]] std::unique_ptr<ExpertRouter> MakeLogNormalRouter(const LogNormalRouting& spec,
                                                                const RoutingShape& shape,
                                                                std::uint64_t seed);

}  // namespace switchyard
