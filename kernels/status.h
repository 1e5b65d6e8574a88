// What a routing kernel, or its twin on the host, returns: done, or why not. One type for all of
// them; nothing here throws, prints or ends the process.
#pragma once

#include <cstdint>

namespace switchyard::kernels {

enum class StatusCode : std::uint8_t {
  kOk,
  kInvalidSpec,        // a specification contradicts itself or exceeds a limit
  kInvalidShape,       // an array does not have the shape that the specification asks for
  kWorkspaceTooSmall,  // see the …Workspace function beside the kernel
  kCuda                // the runtime refused; cuda_error is its cudaError_t
};

struct [[nodiscard]] Status {
  StatusCode code = StatusCode::kOk;
  int cuda_error = 0;
  const char* what = "";  // static text: what was found and what is allowed

  [[nodiscard]] bool ok() const { return code == StatusCode::kOk; }
};

}  // namespace switchyard::kernels
