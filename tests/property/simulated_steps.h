// Step times of scenarios, each simulated in a process of its own: SimGrid allows one simulation
// per process, and a comparison needs two.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "sim/pipeline/simulate.h"
#include "sim/report/json.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {

inline Scenario Changed(Scenario scenario, const std::function<void(Scenario&)>& change) {
  change(scenario);
  return scenario;
}

// The whole result without its wall time, as JSON; a failed test and "" when there is none.
inline std::string ResultOf(const Scenario& scenario) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    ADD_FAILURE() << "no pipe";
    return {};
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    const auto step = Simulate(scenario);
    const std::string text =
        step.ok() ? ToComparableJson(step.value()->result) : ToString(step.errors());
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = ::write(ends[1], text.data() + sent, text.size() - sent);
      if (n <= 0) std::_Exit(1);
      sent += static_cast<std::size_t>(n);
    }
    std::_Exit(step.ok() ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  ADD_FAILURE() << "the simulation failed: " << text;
  return {};
}

// Seconds; -1, with a failed test, when there is no result.
inline double StepTimeOf(const Scenario& scenario) {
  const std::string result = ResultOf(scenario);
  const std::string key = "\"step_time_s\": ";
  const std::size_t at = result.find(key);
  return at == std::string::npos ? -1 : std::stod(result.substr(at + key.size()));
}

}  // namespace switchyard::testing
