#include "sim/routing/trace/trace_writer.h"

#include <string>

#include "sim/base/check.h"
#include "sim/routing/trace/payload.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

}  // namespace

TraceWriter::TraceWriter(std::ostream& out)
    : out_(out), footer_(std::make_unique<trace_pb::Footer>()) {
  out_.write(kTraceMagic.data(), static_cast<std::streamsize>(kTraceMagic.size()));
  offset_ = kTraceMagic.size();
}

TraceWriter::~TraceWriter() = default;

void TraceWriter::Write(const trace_pb::Record& record) {
  switch (record.body_case()) {
    case trace_pb::Record::kFooter:
      return;
    case trace_pb::Record::kStep:
      footer_->add_step_offset(offset_);
      footer_->set_steps(footer_->steps() + 1);
      break;
    case trace_pb::Record::kGap:
      footer_->set_gaps(footer_->gaps() + 1);
      break;
    case trace_pb::Record::kChunk: {
      const std::size_t id_bytes =
          record.chunk().id_code() == trace_pb::LayerChunk::U8_RANKED ? 1 : 2;
      footer_->set_choices(footer_->choices() + record.chunk().expert_id().size() / id_bytes);
      trace_pb::Record compressed = record;
      CompressPayload(*compressed.mutable_chunk());
      WriteFrame(compressed);
      return;
    }
    case trace_pb::Record::kHeader:
    case trace_pb::Record::BODY_NOT_SET:
      break;
  }
  WriteFrame(record);
}

void TraceWriter::Finish() {
  trace_pb::Record record;
  *record.mutable_footer() = *footer_;
  // An index too long for one record is left out; readers work without.
  if (record.ByteSizeLong() <= kMaxSmallRecordBytes) WriteFrame(record);
}

void TraceWriter::WriteFrame(const trace_pb::Record& record) {
  const std::string bytes = record.SerializeAsString();
  SWITCHYARD_CHECK(bytes.size() <= kMaxRecordBytes, "a record within the format's limit");
  const std::string length = Varint(bytes.size());
  out_.write(length.data(), static_cast<std::streamsize>(length.size()));
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  offset_ += length.size() + bytes.size();
}

}  // namespace switchyard
