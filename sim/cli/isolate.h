// One simulation per process: runs work in a child and brings its text back.
#pragma once

#include <functional>
#include <string>

#include "sim/base/result.h"

namespace switchyard {

// The child returns text or diagnostics; a child that dies is an internal error (InternalError).
// Nothing that the work does to this process's memory is seen here.
Result<std::string> RunInChild(const std::function<Result<std::string>()>& work);

}  // namespace switchyard
