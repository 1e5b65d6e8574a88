#include "sim/routing/trace/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/payload.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

using trace_pb::LayerChunk;
using trace_pb::Record;

// The wire tag of Record's field `number`: (number << 3) | 2, length-delimited.
constexpr std::uint8_t Tag(int number) { return static_cast<std::uint8_t>(number << 3 | 2); }

bool MayBeLarge(std::uint8_t tag) {
  return tag == Tag(Record::kChunkFieldNumber) || tag == Tag(Record::kStepFieldNumber);
}

bool IsKnown(std::uint8_t tag) {
  return tag >= Tag(Record::kHeaderFieldNumber) && tag <= Tag(Record::kFooterFieldNumber) &&
         (tag & 7U) == 2U;
}

// Reads a base-128 varint of at most 32 bits. Returns its bytes, 0 where it is malformed or cut.
std::size_t ReadVarint(std::string_view bytes, std::uint64_t& value) {
  constexpr std::size_t kMaxBytes = 5;
  value = 0;
  for (std::size_t i = 0; i < std::min(bytes.size(), kMaxBytes); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80U) == 0) return i + 1;
  }
  return 0;
}

// A Record holds exactly one body that fills it: several would be merged by the parser, and could
// hide a large message behind a small one.
bool IsOneBody(std::string_view bytes) {
  std::uint64_t length = 0;
  const std::size_t width = ReadVarint(bytes.substr(1), length);
  return width > 0 && 1 + width + length == bytes.size();
}

std::string CheckLayer(const trace_pb::LayerSpec& layer) {
  if (layer.experts() < 1 || layer.experts() > kMaxTraceExperts) {
    return fmt::format("has {} experts; allowed: 1 to {}", layer.experts(), kMaxTraceExperts);
  }
  if (layer.top_k() < 1 || layer.top_k() > layer.experts()) {
    return fmt::format("has top_k {}; allowed: 1 to its {} experts", layer.top_k(),
                       layer.experts());
  }
  return "";
}

// Runs of a step: their counts sum to its tokens, one position each where there are any.
std::string CheckRuns(const trace_pb::Step& step) {
  constexpr std::size_t kPairBytes = 8;
  const std::string& runs = step.sequence_id();
  if (runs.empty()) return "";
  if (runs.size() % kPairBytes != 0) return "sequence_id is not a list of (u32, u32) pairs";
  const std::size_t count = runs.size() / kPairBytes;
  if (!step.position().empty() && step.position().size() != count * 4) {
    return "position does not hold one u32 per run of sequence_id";
  }
  std::uint64_t tokens = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t length = 0;
    std::copy_n(runs.data() + i * kPairBytes + 4, 4, reinterpret_cast<char*>(&length));
    if (length == 0) return fmt::format("run {} of sequence_id is empty", i);
    tokens += length;
  }
  if (tokens == step.tokens()) return "";
  return fmt::format("the runs of sequence_id hold {} tokens, the step {}", tokens, step.tokens());
}

// Token ids and domains, where there are any: one each, of a domain that has a name.
std::string CheckLabels(const trace_pb::Step& step, std::size_t domains) {
  if (!step.token_id().empty() && step.token_id().size() != std::size_t{step.tokens()} * 4) {
    return "token_id does not hold one u32 per token";
  }
  if (step.domain().empty()) return "";
  if (step.domain().size() * 8 != step.sequence_id().size()) {
    return "domain does not hold one byte per run of sequence_id";
  }
  for (const char c : step.domain()) {
    const auto domain = static_cast<unsigned char>(c);
    if (domain < domains || domain == kMaxTraceDomains) continue;
    return fmt::format("has domain {}, but the header names {}", domain, domains);
  }
  return "";
}

std::string CheckPlace(const LayerChunk& chunk, std::uint64_t step, std::uint32_t tokens) {
  if (chunk.step() != step) {
    return fmt::format("belongs to step {}, but step {} is the current one", chunk.step(), step);
  }
  const std::uint64_t end = std::uint64_t{chunk.first_token()} + chunk.token_count();
  if (chunk.token_count() == 0 || end > tokens) {
    return fmt::format("holds tokens {} to {} of a step of {}", chunk.first_token(), end, tokens);
  }
  for (const std::uint32_t token : chunk.logits_token()) {
    if (token >= tokens) return fmt::format("samples token {} of a step of {}", token, tokens);
  }
  const int weights = static_cast<int>(!chunk.weight_bf16().empty()) +
                      static_cast<int>(!chunk.weight_f16().empty()) +
                      static_cast<int>(!chunk.weight_f32().empty());
  return weights <= 1 ? "" : "holds weights in several formats";
}

}  // namespace

TraceReader::TraceReader(std::istream& in, std::string file, bool verify_checksums)
    : in_(in),
      file_(std::move(file)),
      verify_checksums_(verify_checksums),
      payload_(std::make_unique<PayloadDecoder>()) {}

TraceReader::~TraceReader() = default;

Diagnostic TraceReader::Error(const std::string& message) const {
  return FileError(file_, fmt::format("record at byte {}: {}", record_offset_, message));
}

Result<bool> TraceReader::Next(Record& record) {
  while (!done_) {
    const Result<Got> got = ReadOne(record);
    if (!got.ok()) {
      done_ = true;
      return got.errors();
    }
    if (got.value() == Got::kRecord) return true;
    if (got.value() == Got::kEnd) {
      done_ = true;
      break;
    }
    ++skipped_;
  }
  return false;
}

Result<TraceReader::Got> TraceReader::ReadOne(Record& record) {
  if (offset_ == 0) {
    std::string magic(kTraceMagic.size(), '\0');
    in_.read(magic.data(), static_cast<std::streamsize>(magic.size()));
    offset_ = magic.size();
    if (magic != kTraceMagic) return FileError(file_, "is not a router trace (no MRT1)");
  }
  const Result<Got> frame = ReadFrame();
  if (!frame.ok() || frame.value() != Got::kRecord) {
    if (frame.ok() && frame.value() == Got::kEnd && header_ == nullptr) {
      return FileError(file_, "ends before its header is complete");
    }
    return frame;
  }
  return Parse(record);
}

Result<TraceReader::Got> TraceReader::ReadFrame() {
  constexpr std::size_t kMaxVarintBytes = 5;
  record_offset_ = offset_;
  std::string prefix;
  std::uint64_t length = 0;
  while (prefix.empty() || ReadVarint(prefix, length) == 0) {
    if (prefix.size() == kMaxVarintBytes) return Error("has no valid length");
    const int byte = in_.get();
    if (byte == std::istream::traits_type::eof()) {
      truncated_ = !prefix.empty();
      return Got::kEnd;
    }
    prefix.push_back(static_cast<char>(byte));
  }
  offset_ += prefix.size() + length;
  if (length < 2) return Error("is too short to be one");
  if (length > kMaxRecordBytes) {
    return Error(fmt::format("has {} bytes; at most {} are read", length, kMaxRecordBytes));
  }
  buffer_.resize(length);
  in_.read(buffer_.data(), static_cast<std::streamsize>(length));
  if (static_cast<std::uint64_t>(in_.gcount()) == length) return Got::kRecord;
  truncated_ = true;
  return Got::kEnd;
}

Result<TraceReader::Got> TraceReader::Parse(Record& record) {
  const auto tag = static_cast<std::uint8_t>(buffer_[0]);
  if (footer_seen_) return Error("follows the footer");
  if (header_ == nullptr && tag != Tag(Record::kHeaderFieldNumber)) {
    return Error("the first record is not a header");
  }
  if (!IsKnown(tag)) return Got::kSkip;
  if (!IsOneBody(buffer_)) return Error("does not hold exactly one message");
  if (!MayBeLarge(tag) && buffer_.size() > kMaxSmallRecordBytes) {
    return Error(fmt::format("has {} bytes; at most {} are read for its kind", buffer_.size(),
                             kMaxSmallRecordBytes));
  }
  if (!record.ParseFromString(buffer_)) return Error("is not a valid message: the file is damaged");
  switch (record.body_case()) {
    case Record::kHeader:
      return TakeHeader(record.header());
    case Record::kStep:
      return TakeStep(record.step());
    case Record::kChunk:
      return TakeChunk(*record.mutable_chunk());
    case Record::kGap:
      return TakeGap(record.gap());
    case Record::kFooter:
      return TakeFooter(record.footer());
    case Record::BODY_NOT_SET:
      break;
  }
  return Got::kSkip;
}

Result<TraceReader::Got> TraceReader::TakeHeader(const trace_pb::Header& header) {
  if (header_ != nullptr) return Error("is a second header");
  if (header.format_major() != kTraceFormatMajor) {
    return Error(fmt::format("has format version {}.{}; this program reads version {}",
                             header.format_major(), header.format_minor(), kTraceFormatMajor));
  }
  const auto layers = static_cast<std::size_t>(header.layer_size());
  if (layers < 1 || layers > kMaxTraceLayers) {
    return Error(fmt::format("has {} layers; allowed: 1 to {}", layers, kMaxTraceLayers));
  }
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string error = CheckLayer(header.layer(static_cast<int>(l)));
    if (!error.empty()) return Error(fmt::format("layer {} {}", l, error));
  }
  if (static_cast<std::size_t>(header.domain_name_size()) > kMaxTraceDomains) {
    return Error(fmt::format("names {} domains; allowed: up to {}", header.domain_name_size(),
                             kMaxTraceDomains));
  }
  header_ = std::make_unique<trace_pb::Header>(header);
  return Got::kRecord;
}

Result<TraceReader::Got> TraceReader::TakeStep(const trace_pb::Step& step) {
  if (step.tokens() == 0) return Error("is a step without tokens");
  std::string error = CheckRuns(step);
  if (error.empty()) {
    error = CheckLabels(step, static_cast<std::size_t>(header_->domain_name_size()));
  }
  if (!error.empty()) return Error(error);
  step_offsets_.push_back(record_offset_);
  step_ = step.step();
  step_tokens_ = step.tokens();
  return Got::kRecord;
}

Result<TraceReader::Got> TraceReader::TakeChunk(LayerChunk& chunk) {
  if (step_offsets_.empty()) return Error("is a chunk before the first step");
  if (!LayerChunk::IdCode_IsValid(chunk.id_code()) || !LayerChunk::Comp_IsValid(chunk.comp())) {
    return Got::kSkip;
  }
  if (chunk.layer_index() >= static_cast<std::uint32_t>(header_->layer_size())) {
    return Error(fmt::format("is of layer {}, but there are {}", chunk.layer_index(),
                             header_->layer_size()));
  }
  const trace_pb::LayerSpec& layer = header_->layer(static_cast<int>(chunk.layer_index()));
  std::string error = CheckPlace(chunk, step_, step_tokens_);
  const std::uint64_t choices = std::uint64_t{chunk.token_count()} * layer.top_k();
  if (error.empty() && choices > kMaxChunkChoices) {
    error = fmt::format("has {} choices; at most {} are read", choices, kMaxChunkChoices);
  }
  if (error.empty()) error = payload_->Decode(layer, verify_checksums_, chunk);
  if (error.empty()) error = CheckIds(layer.experts(), chunk);
  if (!error.empty()) return Error(error);
  choices_ += choices;
  return Got::kRecord;
}

Result<TraceReader::Got> TraceReader::TakeGap(const trace_pb::Gap& gap) {
  const auto layers = static_cast<std::uint64_t>(header_->layer_size());
  const std::uint64_t end = std::uint64_t{gap.first_layer()} + gap.layers();
  if (gap.layers() == 0 || end > layers) {
    return Error(fmt::format("is a gap of layers {} to {}, but there are {}", gap.first_layer(),
                             end, layers));
  }
  ++gaps_;
  return Got::kRecord;
}

Result<TraceReader::Got> TraceReader::TakeFooter(const trace_pb::Footer& footer) {
  const auto& offsets = footer.step_offset();
  const bool same_steps =
      footer.steps() == step_offsets_.size() &&
      std::equal(offsets.begin(), offsets.end(), step_offsets_.begin(), step_offsets_.end());
  if (!same_steps || footer.gaps() != gaps_ || (skipped_ == 0 && footer.choices() != choices_)) {
    return Error(fmt::format(
        "the footer counts {} steps, {} choices and {} gaps, the file holds {}, {} and {}",
        footer.steps(), footer.choices(), footer.gaps(), step_offsets_.size(), choices_, gaps_));
  }
  footer_seen_ = true;
  return Got::kRecord;
}

}  // namespace switchyard
