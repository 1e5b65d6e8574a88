#include "topologies/disturb/slowdown.h"

#include <fmt/format.h>

#include <utility>

namespace switchyard {

std::string EntryPath(const char* list, std::size_t i) {
  return fmt::format("disturbances.{}[{}]", list, i);
}

void AddError(Diagnostics& errors, std::string path, std::string message) {
  Diagnostic error;
  error.path = std::move(path);
  error.message = std::move(message);
  errors.push_back(std::move(error));
}

std::string WhatIsWrong(const Slowdown& s) {
  if (s.until <= s.from) return "ends before it begins: 'until' must be after 'from'";
  if (s.factor == 0.0 && (s.from > Seconds{} || s.until != kForever)) {
    return "factor 0 with 'from' or 'until': what dies or returns within a step makes the "
           "communication library time out or fail, which is not simulated; leave both out for a "
           "step after the failure, or give a factor above 0";
  }
  if (s.factor != 0.0 && s.factor < kLeastLeft) {
    return fmt::format("a factor below {} is 0: write 0 for dead", kLeastLeft);
  }
  return {};
}

Effect AsEffect(const Slowdown& s) { return {s.factor, 0.0, s.from, s.until, std::nullopt}; }

}  // namespace switchyard
