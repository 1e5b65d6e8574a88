#include "sim/routing/trace/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <span>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/routing/trace/half.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"
#include "sim/routing/trace/trace_save.h"

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

// seen[e] is the last token, plus 1, that chose expert e; its last entry is of no expert. Without
// branches: every trace that is read goes through this.
class TokensSeen {
 public:
  explicit TokensSeen(std::uint32_t num_experts) : none_(num_experts), seen_(num_experts + 1, 0) {}

  bool ChoosesTwice(std::span<const ExpertIndex> choices, std::uint64_t token) {
    const auto stamp = static_cast<std::uint32_t>(token + 1);
    bool twice = false;
    for (const ExpertIndex e : choices) {
      twice |= seen_[e == kNoExpert ? none_ : e] == stamp;
      seen_[e == kNoExpert ? none_ : e] = stamp;
      seen_[none_] = 0;
    }
    return twice;
  }
  void Forget() { seen_.assign(seen_.size(), 0); }

 private:
  std::uint32_t none_;
  std::vector<std::uint32_t> seen_;
};

ExpertIndex FirstTwice(std::span<const ExpertIndex> choices) {
  for (auto e = choices.begin(); e != choices.end(); ++e) {
    if (*e != kNoExpert && std::find(choices.begin(), e, *e) != e) return *e;
  }
  return kNoExpert;
}

}  // namespace

std::string CheckDistinct(const RouterTrace& trace) {
  TokensSeen seen(trace.num_experts);
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    seen.Forget();
    for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
      const auto choices = trace.Choices(l, t);
      if (!seen.ChoosesTwice(choices, t)) continue;
      return fmt::format("token {} of MoE layer {} chooses expert {} twice", t, l,
                         FirstTwice(choices));
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
  const std::string error = CheckSmallRecords(trace);
  if (!error.empty()) return FileError(path.string(), error);
  AtomicFile file(path);
  SaveTrace(trace, file.stream());
  return file.Commit();
}

}  // namespace switchyard
