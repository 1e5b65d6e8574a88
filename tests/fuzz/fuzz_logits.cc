// Arbitrary bytes as a .safetensors file of logits: refused, or logits whose every row can be read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/recorder/logits_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto logits = switchyard::kernels::ParseLogits(
      std::string(reinterpret_cast<const char*>(data), size), "fuzz.safetensors");
  if (!logits.ok()) return 0;
  std::vector<float> row(logits.value().experts);
  for (std::size_t layer = 0; layer < logits.value().layers.size(); ++layer) {
    for (std::uint64_t token = 0; token < logits.value().tokens; ++token) {
      logits.value().Read(layer, token, 1, row.data());
    }
  }
  return 0;
}
