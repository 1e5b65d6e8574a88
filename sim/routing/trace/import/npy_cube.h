// Arrays of choices [tokens, layers, top_k], from .npy bytes or raw integers.
//
//   const std::optional<IdCube> cube = CubeFromNpy(bytes, {"arr_0", 1 << 30}, log);
//   table.AppendCube(step, {cube->ids, cube->tokens, cube->layers, cube->width}, {{}, "arr_0"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/routing/trace/import/import_log.h"
#include "sim/routing/trace/import/step_table.h"

namespace switchyard {

struct IdCube {
  std::vector<std::int64_t> ids;  // no choice: -1
  std::size_t tokens = 0;
  std::size_t layers = 0;
  std::size_t width = 0;

  [[nodiscard]] StepTable::Cube View() const { return {ids, tokens, layers, width}; }
};

struct CubeSource {
  std::string path;           // of the array, for messages
  std::size_t max_bytes = 0;  // of the choices, which take eight bytes each while they are read
};

// Absent, with an error at the path, unless the bytes are a .npy array of integers with three
// dimensions that StepTable takes; 65535 of an unsigned array is no choice.
[[nodiscard]] std::optional<IdCube> CubeFromNpy(std::string_view bytes, const CubeSource& source,
                                                ImportLog& log);

// Little-endian integers of `item_bytes` (1: unsigned; 2, 4: signed), as many as the shape says.
[[nodiscard]] IdCube CubeFromRaw(std::string_view bytes, std::size_t item_bytes, std::size_t layers,
                                 std::size_t width);

}  // namespace switchyard
