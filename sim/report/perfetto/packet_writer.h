// Packets of a trace file: one sequence, all names interned in its first packet.
//
//   PacketWriter writer(out);
//   writer.Begin(0, {.track = 7, .name = SliceNameOf(OpName::kDispatch)});
//   writer.End(1500, 7);
//
// Contract: the file is written in the order of the calls; call Flush() at the end. Timestamps are
// nanoseconds from the start of the step. The vocabulary is closed: what varies is an argument.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>

#include "sim/graph/labels.h"
#include "sim/report/perfetto/wire_writer.h"

namespace switchyard::perfetto {

// Interned ids of slice names: 1 + OpName, then the whole step.
[[nodiscard]] constexpr std::uint64_t SliceNameOf(OpName name) {
  return 1 + static_cast<std::uint64_t>(name);
}
inline constexpr std::uint64_t kStepName = 1 + kNumOpNames;

// Interned ids of categories: 1 + StreamKind, then the engine's own.
[[nodiscard]] constexpr std::uint64_t CategoryOf(StreamKind stream) {
  return 1 + static_cast<std::uint64_t>(stream);
}
inline constexpr std::uint64_t kEngineCategory = 1 + kNumStreams;

// Interned ids of argument names.
enum class ArgKey : std::uint64_t {
  kLayer = 1,
  kMicroBatch,
  kTokens,
  kBytesSend,
  kBytesRecv,
  kLastSender,
  kLayersWritten,
};

struct Arg {
  ArgKey key;
  std::uint64_t value;
};

struct SliceBegin {
  std::uint64_t track = 0;
  std::uint64_t name = 0;
  std::uint64_t category = 0;
  std::uint64_t correlation_id = 0;  // equal on slices that belong together; 0: none
  std::span<const Arg> args;
  std::span<const std::uint64_t> flow_ids;              // arrows that leave this slice
  std::span<const std::uint64_t> terminating_flow_ids;  // arrows that end here
};

class PacketWriter {
 public:
  explicit PacketWriter(std::ostream& out);

  void Track(const WireMessage& descriptor);
  void Attributes(const WireMessage& attributes);
  void Begin(std::uint64_t timestamp, const SliceBegin& slice);
  void End(std::uint64_t timestamp, std::uint64_t track);
  void Counter(std::uint64_t timestamp, std::uint64_t track, double value);
  void Flush();

  // Begins, ends and counter samples written.
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  void StartPacket();
  void FinishPacket();
  void FinishEvent(std::uint64_t timestamp);
  void WriteInternedNames();

  std::ostream& out_;
  WireMessage buffer_;  // packets not yet handed to out_
  WireMessage packet_;
  WireMessage event_;
  WireMessage annotation_;
  std::uint64_t events_ = 0;
};

}  // namespace switchyard::perfetto
