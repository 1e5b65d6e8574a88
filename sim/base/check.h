// Invariants of Switchyard itself. A failing check is our bug, never the user's: the command line
// reports it as an internal error (exit code 3). Nothing that a file can trigger may end here.
#pragma once

#include <stdexcept>
#include <string>

namespace switchyard {

class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void FailCheck(const char* condition, const char* file, int line,
                                   const std::string& message) {
  throw InternalError(std::string(file) + ":" + std::to_string(line) +
                      ": check failed: " + condition + (message.empty() ? "" : ": " + message));
}

}  // namespace switchyard

// SWITCHYARD_CHECK(cond, "what it means"): the message is evaluated only on failure.
#define SWITCHYARD_CHECK(condition, message) \
  (static_cast<bool>(condition)              \
       ? void(0)                             \
       : ::switchyard::FailCheck(#condition, __FILE_NAME__, __LINE__, message))
