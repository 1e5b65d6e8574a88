#include "sim/report/perfetto/packet_writer.h"

#include <array>
#include <string_view>

#include "sim/report/perfetto/fields.h"

namespace switchyard::perfetto {
namespace {

constexpr std::uint64_t kSequence = 1;
constexpr std::size_t kFlushBytes = std::size_t{1} << 16;

constexpr std::array<std::string_view, kNumStreams + 1> kCategories = {"compute", "comm", "copy",
                                                                       "engine"};
// In the order of ArgKey.
constexpr std::array<std::string_view, 7> kArgNames = {
    "layer", "micro_batch", "tokens", "bytes_send", "bytes_recv", "last_sender", "layers_written"};

void AddName(WireMessage& table, Field field, std::uint64_t iid, std::string_view text) {
  WireMessage entry;
  entry.Uint(interned::kIid, iid);
  entry.Text(interned::kText, text);
  table.Message(field, entry);
}

}  // namespace

PacketWriter::PacketWriter(std::ostream& out) : out_(out) { WriteInternedNames(); }

// Readers drop everything up to the packet that clears the sequence's state, and everything that
// refers to interned names without saying that it needs that state.
void PacketWriter::WriteInternedNames() {
  WireMessage table;
  for (std::size_t i = 0; i < kCategories.size(); ++i)
    AddName(table, interned::kCategories, i + 1, kCategories[i]);
  for (int i = 0; i < kNumOpNames; ++i) {
    const auto name = static_cast<OpName>(i);
    AddName(table, interned::kEventNames, SliceNameOf(name), ToString(name));
  }
  AddName(table, interned::kEventNames, kStepName, "step");
  for (std::size_t i = 0; i < kArgNames.size(); ++i)
    AddName(table, interned::kAnnotationNames, i + 1, kArgNames[i]);
  packet_.Uint(packet::kSequenceId, kSequence);
  packet_.Uint(packet::kSequenceFlags, packet::kStateCleared | packet::kNeedsState);
  packet_.Uint(packet::kFirstOnSequence, 1);
  packet_.Message(packet::kInternedData, table);
  FinishPacket();
}

void PacketWriter::StartPacket() {
  packet_.Clear();
  packet_.Uint(packet::kSequenceId, kSequence);
  packet_.Uint(packet::kSequenceFlags, packet::kNeedsState);
}

void PacketWriter::FinishPacket() {
  buffer_.Message(trace::kPacket, packet_);
  if (buffer_.bytes().size() >= kFlushBytes) Flush();
}

void PacketWriter::FinishEvent(std::uint64_t timestamp) {
  StartPacket();
  packet_.Uint(packet::kTimestamp, timestamp);
  packet_.Message(packet::kTrackEvent, event_);
  FinishPacket();
  ++events_;
}

void PacketWriter::Track(const WireMessage& descriptor) {
  StartPacket();
  packet_.Message(packet::kTrackDescriptor, descriptor);
  FinishPacket();
}

void PacketWriter::Attributes(const WireMessage& attributes) {
  StartPacket();
  packet_.Message(packet::kTraceAttributes, attributes);
  FinishPacket();
}

void PacketWriter::Begin(std::uint64_t timestamp, const SliceBegin& slice) {
  event_.Clear();
  event_.Uint(event::kType, event::kSliceBegin);
  event_.Uint(event::kTrackUuid, slice.track);
  event_.Uint(event::kNameIid, slice.name);
  event_.Uint(event::kCategoryIids, slice.category);
  for (const Arg& arg : slice.args) {
    annotation_.Clear();
    annotation_.Uint(annotation::kNameIid, static_cast<std::uint64_t>(arg.key));
    annotation_.Uint(annotation::kUint, arg.value);
    event_.Message(event::kAnnotations, annotation_);
  }
  for (const std::uint64_t id : slice.flow_ids) event_.Fixed64(event::kFlowIds, id);
  for (const std::uint64_t id : slice.terminating_flow_ids)
    event_.Fixed64(event::kTerminatingFlowIds, id);
  if (slice.correlation_id != 0) event_.Uint(event::kCorrelationId, slice.correlation_id);
  FinishEvent(timestamp);
}

void PacketWriter::End(std::uint64_t timestamp, std::uint64_t track) {
  event_.Clear();
  event_.Uint(event::kType, event::kSliceEnd);
  event_.Uint(event::kTrackUuid, track);
  FinishEvent(timestamp);
}

void PacketWriter::Counter(std::uint64_t timestamp, std::uint64_t track, double value) {
  event_.Clear();
  event_.Uint(event::kType, event::kCounterSample);
  event_.Uint(event::kTrackUuid, track);
  event_.Double(event::kDoubleValue, value);
  FinishEvent(timestamp);
}

void PacketWriter::Flush() {
  const std::string_view bytes = buffer_.bytes();
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  buffer_.Clear();
}

}  // namespace switchyard::perfetto
