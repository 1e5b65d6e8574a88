// Memory, events and streams of the CUDA runtime that free themselves. The first refusal is kept;
// what was refused is null.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <utility>

#include "kernels/status.h"

namespace switchyard::kernels {

inline Status CudaStatus(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), what};
}

template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  // Memory of the current device; of the host, pinned, when `pinned`.
  DeviceBuffer(std::size_t count, bool pinned, Status& status) : pinned_(pinned) {
    if (!status.ok() || count == 0) return;
    void* data = nullptr;
    const std::size_t bytes = count * sizeof(T);
    const cudaError_t error = pinned ? cudaMallocHost(&data, bytes) : cudaMalloc(&data, bytes);
    status = CudaStatus(error, pinned ? "pinned memory was refused" : "device memory was refused");
    data_ = status.ok() ? static_cast<T*>(data) : nullptr;
  }
  ~DeviceBuffer() { Free(); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  DeviceBuffer(DeviceBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), pinned_(other.pinned_) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    if (this == &other) return *this;
    Free();
    data_ = std::exchange(other.data_, nullptr);
    pinned_ = other.pinned_;
    return *this;
  }
  [[nodiscard]] T* get() const { return data_; }

 private:
  void Free() {
    if (data_ == nullptr) return;
    if (pinned_) {
      cudaFreeHost(data_);
    } else {
      cudaFree(data_);
    }
  }
  T* data_ = nullptr;
  bool pinned_ = false;
};

class DeviceStream {
 public:
  explicit DeviceStream(Status& status) {
    if (!status.ok()) return;
    status = CudaStatus(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
                        "a stream was refused");
  }
  ~DeviceStream() {
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;
  [[nodiscard]] cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

class DeviceEvent {
 public:
  explicit DeviceEvent(Status& status) {
    if (!status.ok()) return;
    status = CudaStatus(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming),
                        "an event was refused");
  }
  ~DeviceEvent() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }
  DeviceEvent(const DeviceEvent&) = delete;
  DeviceEvent& operator=(const DeviceEvent&) = delete;
  DeviceEvent(DeviceEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  DeviceEvent& operator=(DeviceEvent&&) = delete;
  [[nodiscard]] cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace switchyard::kernels
