// Arbitrary bytes as a .npy file: refused, or an array that is written back and read again as the
// same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sim/routing/trace/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto array = switchyard::ParseNpy(bytes, "fuzz.npy");
  if (!array.ok()) return 0;
  const auto again = switchyard::ParseNpy(switchyard::FormatNpy(array.value()), "again.npy");
  if (!again.ok() || again.value().data != array.value().data ||
      again.value().shape != array.value().shape || again.value().type != array.value().type) {
    std::abort();
  }
  return 0;
}
