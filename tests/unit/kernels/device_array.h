// Arrays on the GPU for tests that compare a kernel with its twin.
//
//   DeviceArray<float> x(host_vector);        // copied there
//   DeviceArray<float> y(n);                  // filled with 0xDD
//   x.ToHost()                                // waits for the GPU
#pragma once

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "kernels/views.h"

namespace switchyard::kernels {

inline void ExpectSuccess(cudaError_t error) {
  EXPECT_EQ(error, cudaSuccess) << cudaGetErrorString(error);
}

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t size) : size_(size) {
    ExpectSuccess(cudaMalloc(&data_, Bytes() + 1));
    ExpectSuccess(cudaMemset(data_, 0xDD, Bytes()));
  }
  explicit DeviceArray(const std::vector<T>& host) : DeviceArray(host.size()) {
    ExpectSuccess(cudaMemcpy(data_, host.data(), Bytes(), cudaMemcpyHostToDevice));
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  [[nodiscard]] T* data() const { return static_cast<T*>(data_); }
  [[nodiscard]] DeviceSpan<T> span() const { return {data(), size_}; }
  [[nodiscard]] std::vector<T> ToHost() const {
    std::vector<T> host(size_);
    ExpectSuccess(cudaMemcpy(host.data(), data_, Bytes(), cudaMemcpyDeviceToHost));
    return host;
  }

 private:
  [[nodiscard]] std::size_t Bytes() const { return size_ * sizeof(T); }

  void* data_ = nullptr;
  std::size_t size_;
};

}  // namespace switchyard::kernels
