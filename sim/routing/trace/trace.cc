#include "sim/routing/trace/trace.h"

#include <fmt/format.h>

#include <fstream>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/routing/trace/half.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {

float RouterTrace::Weight(std::uint32_t layer, std::size_t i) const {
  switch (weight_format) {
    case WeightFormat::kF16:
      return HalfToFloat(weights[layer].bits[i]);
    case WeightFormat::kBf16:
      return Bf16ToFloat(weights[layer].bits[i]);
    case WeightFormat::kF32:
      return weights[layer].values[i];
    case WeightFormat::kNone:
      break;
  }
  SWITCHYARD_CHECK(false, "the trace has weights");
  return 0.0F;
}

namespace {

// The first expert that a token chooses twice; `seen` holds token + 1 of every expert's last
// choice.
std::optional<ExpertIndex> ChosenTwice(std::span<const ExpertIndex> choices, std::uint64_t token,
                                       std::vector<std::uint64_t>& seen) {
  for (const ExpertIndex e : choices) {
    if (e == kNoExpert) continue;
    if (seen[e] == token + 1) return e;
    seen[e] = token + 1;
  }
  return std::nullopt;
}

}  // namespace

std::string CheckDistinct(const RouterTrace& trace) {
  std::vector<std::uint64_t> seen(trace.num_experts, 0);
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    seen.assign(seen.size(), 0);
    for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
      const auto expert = ChosenTwice(trace.Choices(l, t), t, seen);
      if (expert) {
        return fmt::format("token {} of MoE layer {} chooses expert {} twice", t, l, *expert);
      }
    }
  }
  return "";
}

Result<RouterTrace> LoadTrace(const std::filesystem::path& path, const LoadTraceOptions& options) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return FileError(path.string(), "no such file");
  if (!std::filesystem::is_regular_file(path, error)) {
    return FileError(path.string(), "is not a regular file");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return FileError(path.string(), "cannot be read");
  std::string magic(kTraceMagic.size(), '\0');
  in.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  if (magic == kTraceMagic) {
    in.seekg(0);
    return LoadTrace(in, path.string(), options);
  }
  if (magic == "\x93NUM") return ImportNpy(path, options);
  return FileError(path.string(),
                   "is neither a .trace container nor a .npy array; switchyard trace convert reads "
                   "other formats");
}

Result<void> SaveTrace(const RouterTrace& trace, const std::filesystem::path& path) {
  AtomicFile file(path);
  SaveTrace(trace, file.stream());
  return file.Commit();
}

}  // namespace switchyard
