// Names of the routing kernels' enums, to and from text: for the command line, trace headers and
// messages. One table; every value has a name.
//
//   NameOf(DropBy::kTokenPriority);                    // "token_priority"
//   FromName<DropBy>("token_priority");                // DropBy::kTokenPriority; else nothing
//   NamesOf<DropBy>();                                 // all of them, in the order of the values
//   Describe(spec);    // "top-8 of 256 by sigmoid + bias, 4 of 8 groups by sum of top-2, …"
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernels/capacity_spec.h"
#include "kernels/route_spec.h"

namespace switchyard::kernels {

// Instantiated for every enum of route_spec.h and capacity_spec.h, and for StatusCode.
template <class Enum>
[[nodiscard]] std::span<const std::string_view> NamesOf();

// "?" for a number that is no value of the enum.
template <class Enum>
[[nodiscard]] std::string_view NameOf(Enum value) {
  const auto names = NamesOf<Enum>();
  const auto index = static_cast<std::size_t>(value);
  return index < names.size() ? names[index] : "?";
}

template <class Enum>
[[nodiscard]] std::optional<Enum> FromName(std::string_view name) {
  const auto names = NamesOf<Enum>();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// One line, without what has no effect. Formulas: T tokens, E experts, K choices.
[[nodiscard]] std::string Describe(const RouteSpec& spec);
[[nodiscard]] std::string Describe(const CapacityRule& rule);
[[nodiscard]] std::string Describe(const CapacitySpec& spec);

}  // namespace switchyard::kernels
