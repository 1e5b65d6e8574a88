// The payload of a LayerChunk: its `bytes` fields, compressed one by one and covered by one
// checksum. Used by the reader and the writer of the container.
#pragma once

#include <cstdint>
#include <string>

// zstd.h's, whose reuse saves an allocation of 150 kB per field.
struct ZSTD_DCtx_s;

namespace switchyard::trace_pb {
class LayerChunk;
class LayerSpec;
}  // namespace switchyard::trace_pb

namespace switchyard {

// CRC-32C (crc32c.h) of the payload fields in the order of their numbers.
[[nodiscard]] std::uint32_t PayloadChecksum(const trace_pb::LayerChunk& chunk);

// Compresses every payload field with zstd and sets comp and crc32c. The chunk is uncompressed.
void CompressPayload(trace_pb::LayerChunk& chunk);

// Decompresses chunk after chunk, with memory that is taken once.
class PayloadDecoder {
 public:
  PayloadDecoder();
  ~PayloadDecoder();
  PayloadDecoder(const PayloadDecoder&) = delete;
  PayloadDecoder& operator=(const PayloadDecoder&) = delete;

  // Replaces every payload field by its uncompressed bytes (comp becomes RAW) after checking its
  // size against the chunk's shape, then checks the checksum. Returns what is wrong, or "".
  [[nodiscard]] std::string Decode(const trace_pb::LayerSpec& layer, bool verify_checksum,
                                   trace_pb::LayerChunk& chunk);

 private:
  std::string Decompress(const char* name, std::uint64_t expected, std::string& bytes);

  ZSTD_DCtx_s* context_;
  std::string buffer_;
};

// Every expert id of an uncompressed chunk is below `experts` or "no choice". Returns what is
// wrong.
[[nodiscard]] std::string CheckIds(std::uint32_t experts, const trace_pb::LayerChunk& chunk);

}  // namespace switchyard
