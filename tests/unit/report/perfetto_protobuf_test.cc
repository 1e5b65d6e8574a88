// Does libprotobuf, given the format's schema, read the same trace out of our bytes?
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sim/report/perfetto/perfetto_subset.pb.h"
#include "sim/report/perfetto/reader.h"
#include "tests/unit/report/step_fixture.h"

namespace switchyard {
namespace {

namespace pb = ::perfetto::protos;

TEST(PerfettoProtobuf, ReadsTheSameTrace) {
  const StepFixture step;
  const std::string bytes = step.Trace();
  pb::Trace decoded;
  ASSERT_TRUE(decoded.ParseFromString(bytes));
  const PerfettoTrace ours = ReadTrace(bytes).value();

  std::map<std::uint64_t, std::string> names;
  std::size_t event_index = 0;
  std::size_t tracks = 0;
  for (const pb::TracePacket& packet : decoded.packet()) {
    EXPECT_EQ(packet.unknown_fields().field_count(), 0);
    EXPECT_EQ(packet.trusted_packet_sequence_id(), 1U);
    for (const pb::EventName& name : packet.interned_data().event_names())
      names[name.iid()] = name.name();
    if (packet.has_track_descriptor() && packet.track_descriptor().uuid() != 0) {
      const pb::TrackDescriptor& track = packet.track_descriptor();
      const TraceTrack& expected = ours.tracks[tracks++];
      EXPECT_EQ(track.uuid(), expected.uuid);
      EXPECT_EQ(track.parent_uuid(), expected.parent_uuid);
      EXPECT_EQ(track.unknown_fields().field_count(), 0);
      EXPECT_EQ(track.has_thread(), expected.kind == TraceTrack::Kind::kThread);
      if (track.has_thread()) {
        EXPECT_EQ(track.thread().tid(), track.thread().pid() * 16 + track.sibling_order_rank());
      }
    }
    if (!packet.has_track_event()) continue;
    const pb::TrackEvent& event = packet.track_event();
    const TraceEvent& expected = ours.events[event_index++];
    EXPECT_EQ(event.unknown_fields().field_count(), 0);
    EXPECT_EQ(packet.timestamp(), expected.timestamp);
    EXPECT_EQ(event.track_uuid(), expected.track_uuid);
    EXPECT_EQ(event.flow_ids_size(), static_cast<int>(expected.flow_ids.size()));
    EXPECT_EQ(event.has_double_counter_value(), expected.value.has_value());
    if (expected.value) {
      EXPECT_EQ(event.double_counter_value(), *expected.value);
    }
    if (event.type() == pb::TrackEvent::TYPE_SLICE_BEGIN) {
      EXPECT_EQ(names.at(event.name_iid()), expected.name);
      EXPECT_EQ(event.debug_annotations_size(), static_cast<int>(expected.args.size()));
    }
  }
  EXPECT_EQ(event_index, ours.events.size());
  EXPECT_EQ(tracks, ours.tracks.size());
  // Nothing was lost: what protobuf understood encodes to the same number of bytes.
  EXPECT_EQ(decoded.ByteSizeLong(), bytes.size());
}

}  // namespace
}  // namespace switchyard
