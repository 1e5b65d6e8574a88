#include "kernels/core/capacity.h"

#include "kernels/capacity_spec.h"

namespace switchyard::kernels {

std::uint32_t CapacityOf(const CapacityRule& rule, std::uint32_t tokens, std::uint32_t experts,
                         std::uint32_t top_k, std::uint32_t demand) {
  return core::CapacityOf(rule, tokens, experts, top_k, demand);
}

}  // namespace switchyard::kernels
