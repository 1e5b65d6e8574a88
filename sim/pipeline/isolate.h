// One simulation per process: runs work in a child and brings its text back.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "sim/base/result.h"

namespace switchyard {

// The child was ended by a signal: by the system for its memory (SIGKILL), by a user, by a crash.
class ChildKilled : public std::runtime_error {
 public:
  explicit ChildKilled(int signal);
};

// The child returns text or diagnostics. Throws ChildKilled, std::bad_alloc when the child had too
// little memory, and InternalError when it broke otherwise.
// Nothing that the work does to this process's memory is seen here.
Result<std::string> RunInChild(const std::function<Result<std::string>()>& work);

}  // namespace switchyard
