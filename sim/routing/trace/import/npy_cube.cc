#include "sim/routing/trace/import/npy_cube.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "sim/routing/trace/npy.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are read in place");

template <class T>
std::vector<std::int64_t> Load(std::string_view bytes) {
  std::vector<std::int64_t> ids(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    T value{};
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    ids[i] = static_cast<std::int64_t>(value);
  }
  return ids;
}

}  // namespace

std::optional<IdCube> CubeFromNpy(std::string_view bytes, const CubeSource& source,
                                  ImportLog& log) {
  const std::string& path = source.path;
  const Result<NpyArray> read = ParseNpy(bytes, path);
  if (!read.ok()) {
    log.Error({{}, path}, read.errors().front().message);
    return std::nullopt;
  }
  const NpyArray& array = read.value();
  const bool floats = IsFloat(array.type);
  if (floats || array.shape.size() != 3) {
    log.Error({{}, path},
              floats ? fmt::format("holds {}; expert ids are integers", Descr(array.type))
                     : fmt::format("has {} dimensions; choices are [tokens, layers, top_k]",
                                   array.shape.size()));
    return std::nullopt;
  }
  IdCube cube{{}, array.shape[0], array.shape[1], array.shape[2]};
  std::string wrong = StepTable::WrongShape(cube.View());
  if (wrong.empty() && array.size() > source.max_bytes / sizeof(std::int64_t)) {
    wrong = fmt::format("{} choices need more memory than allowed for a trace", array.size());
  }
  if (!wrong.empty()) {
    log.Error({{}, path}, wrong);
    return std::nullopt;
  }
  cube.ids.resize(array.size());
  for (std::size_t i = 0; i < cube.ids.size(); ++i) {
    const std::int64_t id = array.Integer(i);
    cube.ids[i] = array.type == NpyType::kU2 && id == kNoExpert ? -1 : id;
  }
  return cube;
}

IdCube CubeFromRaw(std::string_view bytes, std::size_t item_bytes, std::size_t layers,
                   std::size_t width) {
  IdCube cube{{}, bytes.size() / item_bytes / layers / width, layers, width};
  if (item_bytes == sizeof(std::uint8_t)) {
    cube.ids = Load<std::uint8_t>(bytes);
  } else if (item_bytes == sizeof(std::int16_t)) {
    cube.ids = Load<std::int16_t>(bytes);
  } else {
    cube.ids = Load<std::int32_t>(bytes);
  }
  return cube;
}

}  // namespace switchyard
