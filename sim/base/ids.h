// Distinct integer ids: a DeviceId is not a LinkId, though both index a vector.
//
//   DeviceId d{3};  speeds[d.index()];
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace switchyard {

template <class Tag>
struct Id {
  std::uint32_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t v) : value(static_cast<std::uint32_t>(v)) {}
  [[nodiscard]] constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(Id a, Id b) = default;
};

using DeviceId = Id<struct DeviceTag>;  // a GPU that runs a rank; 0..num_devices-1, node-major
using NodeId = Id<struct NodeTag>;      // a server
using VertexId = Id<struct VertexTag>;  // a vertex of the platform graph
using LinkId = Id<struct LinkTag>;      // a directed link of the platform graph
using TaskId = Id<struct TaskTag>;      // an operation of the step, on all devices of its group

}  // namespace switchyard

template <class Tag>
struct std::hash<switchyard::Id<Tag>> {
  std::size_t operator()(switchyard::Id<Tag> id) const noexcept {
    return std::hash<std::uint32_t>{}(id.value);
  }
};
