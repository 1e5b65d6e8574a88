// Arrays that live on the host or on a GPU, as types that do not mix: host memory cannot be handed
// to a kernel by mistake. Views own nothing.
//
//   std::vector<float> logits(tokens * experts);
//   HostMatrix<const float> z{logits.data(), tokens, experts};
//   z.At(3, 7);                                   // token 3, expert 7
//
// Plain C++20, also for nvcc: no header of CUDA.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)
#define SWITCHYARD_HOST_DEVICE __host__ __device__
#else
#define SWITCHYARD_HOST_DEVICE
#endif

namespace switchyard::kernels {

enum class Memory : std::uint8_t { kHost, kDevice };

template <class T, Memory kMemory>
struct Span {
  T* data = nullptr;
  std::size_t size = 0;

  SWITCHYARD_HOST_DEVICE T& operator[](std::size_t i) const { return data[i]; }
  [[nodiscard]] SWITCHYARD_HOST_DEVICE bool empty() const { return size == 0; }
};

// Row-major, rows without gaps between them.
template <class T, Memory kMemory>
struct Matrix {
  T* data = nullptr;
  std::uint32_t rows = 0;
  std::uint32_t cols = 0;

  [[nodiscard]] SWITCHYARD_HOST_DEVICE T& At(std::size_t row, std::size_t col) const {
    return data[row * cols + col];
  }
  [[nodiscard]] SWITCHYARD_HOST_DEVICE T* Row(std::size_t row) const { return data + row * cols; }
  [[nodiscard]] SWITCHYARD_HOST_DEVICE std::size_t size() const {
    return static_cast<std::size_t>(rows) * cols;
  }
  [[nodiscard]] SWITCHYARD_HOST_DEVICE bool empty() const { return size() == 0; }
};

template <class T>
using HostSpan = Span<T, Memory::kHost>;
template <class T>
using HostMatrix = Matrix<T, Memory::kHost>;
template <class T>
using DeviceSpan = Span<T, Memory::kDevice>;
template <class T>
using DeviceMatrix = Matrix<T, Memory::kDevice>;

}  // namespace switchyard::kernels
