// The closed vocabulary of a step: what an operation is called in every report and timeline.
#pragma once

#include <cstdint>
#include <string_view>

namespace switchyard {

// Names that appear in reports; everything variable (layer, micro-batch) is an argument beside
// them.
enum class OpName : std::uint8_t {
  kAttention,
  kRouter,
  kSharedExpert,
  kExpertGemm,
  kDenseFfn,
  kLmHead,  // compute
  kDispatch,
  kCombine,
  kAllReduce,
  kAllGather,  // communication
  kExpertLoad,
  kMigration,  // copies
};
inline constexpr int kNumOpNames = 12;
[[nodiscard]] std::string_view ToString(OpName name);  // "expert_gemm"

// In-order queues of a device, as CUDA streams are. Order on a stream is graph edges.
enum class StreamKind : std::uint8_t { kCompute, kComm, kCopyIn };
inline constexpr int kNumStreams = 3;
[[nodiscard]] std::string_view ToString(StreamKind stream);  // "compute"

inline constexpr std::uint32_t kNoLayer = 0xffffffff;

// What an operation is: name, transformer layer (kNoLayer outside layers), micro-batch, stream.
struct OpLabel {
  OpName name = OpName::kAttention;
  StreamKind stream = StreamKind::kCompute;
  std::uint32_t layer = kNoLayer;
  std::uint32_t micro_batch = 0;
};

}  // namespace switchyard
