// Reads a .trace container record by record; memory is one record and its decompressed payload.
//
//   std::ifstream in(path, std::ios::binary);
//   TraceReader reader(in, path);
//   trace_pb::Record record;             // sim/routing/trace/router_trace.h
//   for (;;) {
//     Result<bool> more = reader.Next(record);
//     if (!more.ok()) return more.errors();
//     if (!more.value()) break;
//   }
//
// Checked before a record is returned: the order of records, sizes before anything is allocated,
// checksums, that expert ids and domains exist and that a chunk lies inside the current step. A
// file cut off inside a record (a recorder that died) is no error: Next returns false and
// truncated() is true.
#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/result.h"

namespace switchyard::trace_pb {
class Footer;
class Gap;
class Header;
class LayerChunk;
class Record;
class Step;
}  // namespace switchyard::trace_pb

namespace switchyard {

class PayloadDecoder;

class TraceReader {
 public:
  // `in` outlives the reader; `file` names it in messages. Without verify_checksums damaged
  // payloads pass (fuzzing needs that to reach what lies behind).
  TraceReader(std::istream& in, std::string file, bool verify_checksums = true);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  // The next record, chunks uncompressed (comp is RAW); false at the end. The first record is the
  // header. After an error the reader is at its end.
  Result<bool> Next(trace_pb::Record& record);

  // Valid once the first record was read.
  [[nodiscard]] const trace_pb::Header& header() const { return *header_; }
  [[nodiscard]] bool truncated() const { return truncated_; }
  // Records of a kind or coding that this version does not know.
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

 private:
  enum class Got : std::uint8_t { kRecord, kSkip, kEnd };
  Result<Got> ReadOne(trace_pb::Record& record);
  // The bytes of the next record into buffer_; kEnd at a clean or cut-off end.
  Result<Got> ReadFrame();
  Result<Got> Parse(trace_pb::Record& record);
  Result<Got> TakeHeader(const trace_pb::Header& header);
  Result<Got> TakeStep(const trace_pb::Step& step);
  Result<Got> TakeChunk(trace_pb::LayerChunk& chunk);
  Result<Got> TakeGap(const trace_pb::Gap& gap);
  Result<Got> TakeFooter(const trace_pb::Footer& footer);
  [[nodiscard]] Diagnostic Error(const std::string& message) const;

  std::istream& in_;
  std::string file_;
  bool verify_checksums_;
  std::unique_ptr<PayloadDecoder> payload_;
  std::string buffer_;
  std::uint64_t offset_ = 0;         // of the next byte
  std::uint64_t record_offset_ = 0;  // of the current record
  std::unique_ptr<trace_pb::Header> header_;
  bool done_ = false;
  bool truncated_ = false;
  bool footer_seen_ = false;
  std::uint64_t skipped_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t choices_ = 0;
  std::vector<std::uint64_t> step_offsets_;
  std::uint64_t step_ = 0;  // the current step's number
  std::uint32_t step_tokens_ = 0;
};

}  // namespace switchyard
