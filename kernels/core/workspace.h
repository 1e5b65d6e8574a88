// Cutting a workspace into arrays. The same code measures it: over nothing it only counts.
//
//   Carver<Memory::kHost> carver(workspace.data);           // or Carver<…>(nullptr) to measure
//   auto keys = carver.Take<std::uint32_t>(choices);
//   carver.bytes();                                         // what a workspace must have
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/views.h"

namespace switchyard::kernels::core {

template <Memory kMemory>
class Carver {
 public:
  explicit Carver(std::byte* begin) : begin_(begin) {
    if (begin_ != nullptr) begin_ += Gap(reinterpret_cast<std::uintptr_t>(begin_));
  }

  template <class T>
  Span<T, kMemory> Take(std::size_t count) {
    used_ += Gap(used_);
    Span<T, kMemory> taken{nullptr, count};
    if (begin_ != nullptr) taken.data = reinterpret_cast<T*>(begin_ + used_);
    used_ += count * sizeof(T);
    return taken;
  }

  // With room to align the beginning.
  [[nodiscard]] std::size_t bytes() const { return used_ == 0 ? 0 : used_ + kAlignment - 1; }

 private:
  static constexpr std::size_t kAlignment = 256;  // of cudaMalloc, and enough for CUB
  static std::size_t Gap(std::uintptr_t at) { return (kAlignment - at % kAlignment) % kAlignment; }

  std::byte* begin_;
  std::size_t used_ = 0;
};

}  // namespace switchyard::kernels::core
