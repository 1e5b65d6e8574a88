// Field numbers of the part of Perfetto's trace format that Switchyard writes and reads.
//
// The format is specified by the comments and numbers of protos/perfetto/trace/ in
// github.com/google/perfetto (trace.proto, trace_packet.proto, track_event/*.proto,
// interned_data/interned_data.proto, trace_attributes.proto). perfetto_subset.proto says the same
// in protobuf's language; a test decodes our bytes with it.
#pragma once

#include <cstdint>

namespace switchyard::perfetto {

using Field = std::uint32_t;

namespace trace {
inline constexpr Field kPacket = 1;
}
namespace packet {
inline constexpr Field kTimestamp = 8;
inline constexpr Field kSequenceId = 10;
inline constexpr Field kTrackEvent = 11;
inline constexpr Field kInternedData = 12;
inline constexpr Field kSequenceFlags = 13;
inline constexpr Field kTrackDescriptor = 60;
inline constexpr Field kFirstOnSequence = 87;
inline constexpr Field kTraceAttributes = 126;
// Bits of kSequenceFlags.
inline constexpr std::uint64_t kStateCleared = 1;
inline constexpr std::uint64_t kNeedsState = 2;
}  // namespace packet
namespace descriptor {
inline constexpr Field kUuid = 1;
inline constexpr Field kName = 2;
inline constexpr Field kProcess = 3;
inline constexpr Field kThread = 4;
inline constexpr Field kParentUuid = 5;
inline constexpr Field kCounter = 8;
inline constexpr Field kChildOrdering = 11;
inline constexpr Field kSiblingOrderRank = 12;
inline constexpr Field kDescription = 14;
inline constexpr Field kProcessOrdering = 19;
inline constexpr Field kThreadOrdering = 20;
inline constexpr std::uint64_t kChildrenExplicit = 3;  // by kSiblingOrderRank
inline constexpr std::uint64_t kExplicit = 1;          // of processes and threads
}  // namespace descriptor
namespace process {
inline constexpr Field kPid = 1;
inline constexpr Field kName = 6;
}  // namespace process
namespace thread {
inline constexpr Field kPid = 1;
inline constexpr Field kTid = 2;
inline constexpr Field kName = 5;
}  // namespace thread
namespace counter {
inline constexpr Field kUnitName = 6;
inline constexpr Field kAxisShareKey = 7;
}  // namespace counter
namespace event {
inline constexpr Field kCategoryIids = 3;
inline constexpr Field kAnnotations = 4;
inline constexpr Field kType = 9;
inline constexpr Field kNameIid = 10;
inline constexpr Field kTrackUuid = 11;
inline constexpr Field kDoubleValue = 44;
inline constexpr Field kFlowIds = 47;             // fixed64
inline constexpr Field kTerminatingFlowIds = 48;  // fixed64
inline constexpr Field kCorrelationId = 52;
// Values of kType.
inline constexpr std::uint64_t kSliceBegin = 1;
inline constexpr std::uint64_t kSliceEnd = 2;
inline constexpr std::uint64_t kCounterSample = 4;
}  // namespace event
namespace annotation {
inline constexpr Field kNameIid = 1;
inline constexpr Field kUint = 3;
}  // namespace annotation
namespace interned {
inline constexpr Field kCategories = 1;
inline constexpr Field kEventNames = 2;
inline constexpr Field kAnnotationNames = 3;
inline constexpr Field kIid = 1;
inline constexpr Field kText = 2;
}  // namespace interned
namespace attributes {
inline constexpr Field kAttribute = 1;
inline constexpr Field kKey = 1;
inline constexpr Field kLong = 2;
inline constexpr Field kString = 3;
}  // namespace attributes

}  // namespace switchyard::perfetto
