#include "sim/routing/trace/payload.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "sim/base/check.h"
#include "sim/routing/trace/crc32c.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

using trace_pb::LayerChunk;
using trace_pb::LayerSpec;

constexpr int kCompressionLevel = 3;  // zstd's default: 5.4 of 8 bits a choice on real routes

struct Field {
  const char* name;
  const std::string& (LayerChunk::*get)() const;
  std::string* (LayerChunk::*mutate)();
};

// In the order of the field numbers.
constexpr std::array<Field, 7> kFields = {{
    {"expert_id", &LayerChunk::expert_id, &LayerChunk::mutable_expert_id},
    {"weight_bf16", &LayerChunk::weight_bf16, &LayerChunk::mutable_weight_bf16},
    {"kept_bits", &LayerChunk::kept_bits, &LayerChunk::mutable_kept_bits},
    {"expert_count", &LayerChunk::expert_count, &LayerChunk::mutable_expert_count},
    {"logits_f16", &LayerChunk::logits_f16, &LayerChunk::mutable_logits_f16},
    {"weight_f16", &LayerChunk::weight_f16, &LayerChunk::mutable_weight_f16},
    {"weight_f32", &LayerChunk::weight_f32, &LayerChunk::mutable_weight_f32},
}};

// Uncompressed size of each field where it is present.
std::array<std::uint64_t, 7> ExpectedSizes(const LayerSpec& layer, const LayerChunk& chunk) {
  const std::uint64_t choices = std::uint64_t{chunk.token_count()} * layer.top_k();
  const std::uint64_t id_bytes = chunk.id_code() == LayerChunk::U8_RANKED ? 1 : 2;
  const auto sampled = static_cast<std::uint64_t>(chunk.logits_token_size());
  return {choices * id_bytes,
          choices * 2,
          (choices + 7) / 8,
          std::uint64_t{layer.experts()} * 4,
          sampled * layer.experts() * 2,
          choices * 2,
          choices * 4};
}

// Ids of type T; `none` is "no choice". Without branches: this is a hot loop.
template <class T>
bool AllBelow(std::string_view bytes, std::uint32_t experts, T none) {
  bool bad = false;
  const std::size_t count = bytes.size() / sizeof(T);
  for (std::size_t i = 0; i < count; ++i) {
    T id = 0;
    std::memcpy(&id, bytes.data() + i * sizeof(T), sizeof(T));
    bad |= static_cast<bool>(static_cast<int>(id >= experts) & static_cast<int>(id != none));
  }
  return !bad;
}

}  // namespace

std::uint32_t PayloadChecksum(const LayerChunk& chunk) {
  Crc32c crc;
  for (const Field& field : kFields) crc.Add((chunk.*field.get)());
  return crc.value();
}

void CompressPayload(LayerChunk& chunk) {
  chunk.set_crc32c(PayloadChecksum(chunk));
  chunk.set_comp(LayerChunk::ZSTD);
  for (const Field& field : kFields) {
    const std::string& bytes = (chunk.*field.get)();
    if (bytes.empty()) continue;
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kCompressionLevel);
    SWITCHYARD_CHECK(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
    out.resize(size);
    *(chunk.*field.mutate)() = std::move(out);
  }
}

PayloadDecoder::PayloadDecoder() : context_(ZSTD_createDCtx()) {
  SWITCHYARD_CHECK(context_ != nullptr, "memory for zstd");
}

PayloadDecoder::~PayloadDecoder() { ZSTD_freeDCtx(context_); }

std::string PayloadDecoder::Decompress(const char* name, std::uint64_t expected,
                                       std::string& bytes) {
  const unsigned long long declared = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (declared != expected) {
    return fmt::format("{}: its zstd frame does not declare the {} bytes of its shape", name,
                       expected);
  }
  buffer_.resize(expected);
  const std::size_t size =
      ZSTD_decompressDCtx(context_, buffer_.data(), expected, bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0 || size != expected) {
    return fmt::format("{}: its zstd frame is damaged", name);
  }
  bytes.swap(buffer_);
  return "";
}

std::string PayloadDecoder::Decode(const LayerSpec& layer, bool verify_checksum,
                                   LayerChunk& chunk) {
  const std::array<std::uint64_t, 7> expected = ExpectedSizes(layer, chunk);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!(chunk.*kFields[i].get)().empty()) total += expected[i];
  }
  if (total > kMaxPayloadBytes) {
    return fmt::format("has {} bytes of payload; at most {} are read", total, kMaxPayloadBytes);
  }
  if (chunk.expert_id().empty()) return "has no expert_id";
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    const Field& field = kFields[i];
    const std::string& bytes = (chunk.*field.get)();
    if (bytes.empty()) continue;
    if (chunk.comp() == LayerChunk::ZSTD) {
      std::string error = Decompress(field.name, expected[i], *(chunk.*field.mutate)());
      if (!error.empty()) return error;
    } else if (bytes.size() != expected[i]) {
      return fmt::format("{}: has {} bytes where its shape needs {}", field.name, bytes.size(),
                         expected[i]);
    }
  }
  chunk.set_comp(LayerChunk::RAW);
  if (verify_checksum && PayloadChecksum(chunk) != chunk.crc32c()) {
    return "its CRC-32C does not match: the file is damaged";
  }
  return "";
}

std::string CheckIds(std::uint32_t experts, const LayerChunk& chunk) {
  const std::string& bytes = chunk.expert_id();
  const bool wide = chunk.id_code() == LayerChunk::U16_RANKED;
  if (wide ? AllBelow<std::uint16_t>(bytes, experts, 0xffff)
           : AllBelow<std::uint8_t>(bytes, experts, 0xff)) {
    return "";
  }
  const std::size_t count = wide ? bytes.size() / 2 : bytes.size();
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t id = static_cast<unsigned char>(bytes[wide ? 2 * i : i]);
    if (wide) std::memcpy(&id, bytes.data() + 2 * i, sizeof(id));
    const std::uint16_t none = wide ? 0xffff : 0xff;
    if (id < experts || id == none) continue;
    return fmt::format("choice {} is expert {}, but the layer has {}", i, id, experts);
  }
  return "";
}

}  // namespace switchyard
