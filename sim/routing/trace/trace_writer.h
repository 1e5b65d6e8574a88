// Writes a .trace container record by record, as it goes: nothing is kept but the footer's index.
//
//   TraceWriter writer(stream);          // e.g. AtomicFile::stream()
//   writer.Write(record);                // Header first, then steps, chunks, gaps
//   writer.Finish();                     // the footer
//
// The same records give the same bytes (with the same zstd library). Chunks are given uncompressed
// (comp RAW) and leave compressed; their checksum is set here.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>

namespace switchyard::trace_pb {
class Footer;
class Record;
}  // namespace switchyard::trace_pb

namespace switchyard {

class TraceWriter {
 public:
  // Writes the magic. `out` outlives the writer; its state tells whether writing succeeded.
  explicit TraceWriter(std::ostream& out);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  // A header, step, chunk or gap, within the limits of trace_limits.h. A footer is ignored:
  // Finish() writes its own.
  void Write(const trace_pb::Record& record);
  void Finish();

 private:
  void WriteFrame(const trace_pb::Record& record);

  std::ostream& out_;
  std::uint64_t offset_ = 0;
  std::unique_ptr<trace_pb::Footer> footer_;
};

}  // namespace switchyard
