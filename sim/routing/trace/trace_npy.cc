// RouterTrace from and to .npy files.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "sim/base/file.h"
#include "sim/routing/trace/npy.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIdsSuffix = ".topk_ids.npy";

// TASK<suffix> beside TASK.topk_ids.npy; empty when the name has another form.
fs::path Sibling(const fs::path& ids_path, std::string_view suffix) {
  const std::string name = ids_path.filename().string();
  if (!name.ends_with(kIdsSuffix)) return {};
  return ids_path.parent_path() /
         (name.substr(0, name.size() - kIdsSuffix.size()) + std::string(suffix));
}
fs::path WeightsPath(const fs::path& ids_path) { return Sibling(ids_path, ".topk_weights.npy"); }
fs::path SequencesPath(const fs::path& ids_path) { return Sibling(ids_path, ".seq_len.npy"); }

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && fs::exists(path, ignored);
}

bool IsInteger(NpyType type) { return !IsFloat(type); }

// Calls f(source element, layer, token * top_k + choice): the file has [tokens, layers, top_k], the
// trace one [tokens, top_k] per layer.
template <class F>
void ForEachElement(const RouterTrace& trace, std::uint64_t tokens, F f) {
  std::size_t i = 0;
  for (std::uint64_t t = 0; t < tokens; ++t) {
    for (std::uint32_t l = 0; l < trace.layers(); ++l) {
      for (std::uint32_t j = 0; j < trace.top_k; ++j) f(i++, l, t * trace.top_k + j);
    }
  }
}

std::string CheckIdsShape(const NpyArray& ids) {
  if (!IsInteger(ids.type))
    return fmt::format("holds {}; expert ids are integers", Descr(ids.type));
  if (ids.shape.size() != 3) {
    return fmt::format("has {} dimensions; expert ids are [tokens, layers, top_k]",
                       ids.shape.size());
  }
  const auto [tokens, layers, top_k] = std::array{ids.shape[0], ids.shape[1], ids.shape[2]};
  if (tokens < 1 || tokens > std::numeric_limits<std::uint32_t>::max()) {
    return fmt::format("has {} tokens; allowed: 1 to 2^32 - 1", tokens);
  }
  if (layers < 1 || layers > kMaxTraceLayers) {
    return fmt::format("has {} layers; allowed: 1 to {}", layers, kMaxTraceLayers);
  }
  if (top_k < 1 || top_k > kMaxTraceExperts) {
    return fmt::format("has {} choices per token; allowed: 1 to {}", top_k, kMaxTraceExperts);
  }
  return "";
}

// -1, or the largest u2, is "no choice". Returns what is wrong, or "".
std::string SetIds(const NpyArray& ids, std::uint32_t declared, RouterTrace& trace) {
  const std::uint64_t tokens = ids.shape[0];
  for (auto& layer : trace.experts) layer.resize(tokens * trace.top_k);
  std::int64_t largest = -1;
  std::string error;
  ForEachElement(trace, tokens, [&](std::size_t i, std::uint32_t l, std::size_t to) {
    std::int64_t id = ids.Integer(i);
    if (id == -1 || (ids.type == NpyType::kU2 && id == kNoExpert)) {
      trace.experts[l][to] = kNoExpert;
      return;
    }
    if ((id < 0 || id >= kMaxTraceExperts) && error.empty()) {
      error = fmt::format("token {}, layer {}: expert {}; allowed: 0 to {}, or -1 for none",
                          to / trace.top_k, l, id, kMaxTraceExperts - 1);
    }
    trace.experts[l][to] = static_cast<ExpertIndex>(id);
    largest = std::max(largest, id);
  });
  if (!error.empty()) return error;
  if (declared > 0 && largest >= declared) {
    return fmt::format("holds expert {}, but there are {} experts", largest, declared);
  }
  trace.experts_inferred = declared == 0;
  if (trace.experts_inferred) trace.notes[kNoteExperts] = kInferred;
  const auto seen = static_cast<std::uint32_t>(std::max<std::int64_t>(largest + 1, trace.top_k));
  trace.num_experts = declared > 0 ? declared : seen;
  return "";
}

std::string SetWeights(const NpyArray& array, const NpyArray& ids, RouterTrace& trace) {
  if (array.shape != ids.shape) return "does not have the shape of the expert ids";
  if (array.type != NpyType::kF2 && array.type != NpyType::kF4) {
    return fmt::format("holds {}; allowed: <f2, <f4", Descr(array.type));
  }
  const bool half = array.type == NpyType::kF2;
  trace.weight_format = half ? WeightFormat::kF16 : WeightFormat::kF32;
  trace.weights.resize(trace.layers());
  const std::size_t choices = trace.experts.front().size();
  for (LayerWeights& layer : trace.weights) {
    if (half) {
      layer.bits.resize(choices);
    } else {
      layer.values.resize(choices);
    }
  }
  const char* data = array.data.data();
  ForEachElement(trace, trace.tokens(), [&](std::size_t i, std::uint32_t l, std::size_t to) {
    if (half) {
      std::memcpy(&trace.weights[l].bits[to], data + i * 2, 2);
    } else {
      std::memcpy(&trace.weights[l].values[to], data + i * 4, 4);
    }
  });
  return "";
}

std::string SetSequences(const NpyArray& array, RouterTrace& trace) {
  if (!IsInteger(array.type) || array.shape.size() != 1) return "is not a list of integers";
  std::uint64_t sum = 0;
  for (std::uint32_t s = 0; s < array.shape[0]; ++s) {
    const std::int64_t length = array.Integer(s);
    if (length < 1 || static_cast<std::uint64_t>(length) > trace.tokens() - sum) {
      return fmt::format("sequence {} of length {} does not fit the {} tokens of the expert ids", s,
                         length, trace.tokens());
    }
    sum += static_cast<std::uint64_t>(length);
    trace.runs.push_back({s, static_cast<std::uint32_t>(length), 0});
  }
  if (sum != trace.tokens()) {
    return fmt::format("the sequences sum to {} tokens, the expert ids have {}", sum,
                       trace.tokens());
  }
  trace.notes[kNoteSequencesType] = Descr(array.type);
  return "";
}

Result<void> ReadWeights(const fs::path& path, const NpyArray& ids, const LoadTraceOptions& options,
                         RouterTrace& trace) {
  if (!Exists(path)) return {};
  const Result<NpyArray> array = ReadNpy(path, options.max_bytes);
  if (!array.ok()) return array.errors();
  const std::string error = SetWeights(array.value(), ids, trace);
  if (!error.empty()) return FileError(path.string(), error);
  return {};
}

Result<void> ReadSequences(const fs::path& path, const LoadTraceOptions& options,
                           RouterTrace& trace) {
  if (!Exists(path)) {
    trace.runs.push_back({0, static_cast<std::uint32_t>(trace.tokens()), 0});
    return {};
  }
  const Result<NpyArray> array = ReadNpy(path, options.max_bytes);
  if (!array.ok()) return array.errors();
  const std::string error = SetSequences(array.value(), trace);
  if (!error.empty()) return FileError(path.string(), error);
  return {};
}

// The integer type of the source, where the trace has a note of it and 0 to `largest`
// fit it: a note is only words in a file. Otherwise the smallest type that they fit.
NpyType IntegerType(const RouterTrace& trace, const char* note, std::int64_t largest) {
  const auto fits = [&](NpyType type) {
    if (type == NpyType::kI8) return true;
    if (type == NpyType::kI2) return largest <= std::numeric_limits<std::int16_t>::max();
    if (type == NpyType::kI4) return largest <= std::numeric_limits<std::int32_t>::max();
    const std::int64_t limit = type == NpyType::kU1 ? 0xff : 0xffff;
    return largest <= limit;
  };
  constexpr NpyType kIntegers[] = {NpyType::kU1, NpyType::kU2, NpyType::kI2, NpyType::kI4,
                                   NpyType::kI8};
  const auto found = trace.notes.find(note);
  for (const NpyType type : kIntegers) {
    if (found != trace.notes.end() && Descr(type) == found->second && fits(type)) return type;
  }
  for (const NpyType type : kIntegers) {
    if (fits(type)) return type;
  }
  return NpyType::kI8;
}

bool HasMissingChoices(const RouterTrace& trace) {
  return std::any_of(trace.experts.begin(), trace.experts.end(), [](const auto& layer) {
    return std::find(layer.begin(), layer.end(), kNoExpert) != layer.end();
  });
}

void PutInteger(std::int64_t value, NpyType type, char* to) {
  std::memcpy(to, &value, ItemSize(type));  // little-endian: the low bytes come first
}

std::vector<std::uint64_t> ShapeOf(const RouterTrace& trace) {
  return {trace.tokens(), trace.layers(), trace.top_k};
}

NpyArray IdsArray(const RouterTrace& trace) {
  // u2 writes "no choice" as 65535, the signed types as -1; u1 has no room for it.
  const std::int64_t largest = trace.num_experts - 1;
  const std::int64_t in_unsigned = HasMissingChoices(trace) ? kNoExpert : largest;
  NpyType type = IntegerType(trace, kNoteIdsType, in_unsigned);
  const auto note = trace.notes.find(kNoteIdsType);
  if (note != trace.notes.end() && note->second == Descr(NpyType::kI2)) {
    type = IntegerType(trace, kNoteIdsType, largest);
  }
  NpyArray array{type, ShapeOf(trace), {}};
  const std::size_t width = ItemSize(array.type);
  array.data.resize(trace.tokens() * trace.layers() * trace.top_k * width);
  ForEachElement(trace, trace.tokens(), [&](std::size_t i, std::uint32_t l, std::size_t from) {
    const ExpertIndex e = trace.experts[l][from];
    PutInteger(e == kNoExpert ? -1 : std::int64_t{e}, array.type, array.data.data() + i * width);
  });
  return array;
}

NpyArray WeightsArray(const RouterTrace& trace) {
  const bool half = trace.weight_format == WeightFormat::kF16;
  NpyArray array{half ? NpyType::kF2 : NpyType::kF4, ShapeOf(trace), {}};
  const std::size_t width = ItemSize(array.type);
  array.data.resize(trace.tokens() * trace.layers() * trace.top_k * width);
  ForEachElement(trace, trace.tokens(), [&](std::size_t i, std::uint32_t l, std::size_t from) {
    char* to = array.data.data() + i * width;
    if (half) {
      std::memcpy(to, &trace.weights[l].bits[from], width);
    } else {
      const float value = trace.Weight(l, from);
      std::memcpy(to, &value, width);
    }
  });
  return array;
}

NpyArray SequencesArray(const RouterTrace& trace) {
  std::uint32_t longest = 0;
  for (const TraceRun& run : trace.runs) longest = std::max(longest, run.tokens);
  NpyArray array{IntegerType(trace, kNoteSequencesType, longest), {trace.runs.size()}, {}};
  const std::size_t width = ItemSize(array.type);
  array.data.resize(trace.runs.size() * width);
  for (std::size_t i = 0; i < trace.runs.size(); ++i) {
    PutInteger(trace.runs[i].tokens, array.type, array.data.data() + i * width);
  }
  return array;
}

// Every run is a whole sequence of its own.
bool RunsAreSequences(const RouterTrace& trace) {
  std::vector<std::uint32_t> ids;
  for (const TraceRun& run : trace.runs) {
    if (run.position != 0) return false;
    ids.push_back(run.sequence);
  }
  std::sort(ids.begin(), ids.end());
  return std::adjacent_find(ids.begin(), ids.end()) == ids.end();
}

// Files of an older export, which the next load would take for this trace's.
std::string CheckStale(const fs::path& ids_path, bool has_weights, bool has_sequences) {
  const fs::path paths[] = {has_weights ? fs::path() : WeightsPath(ids_path),
                            has_sequences ? fs::path() : SequencesPath(ids_path)};
  for (const fs::path& path : paths) {
    if (!Exists(path)) continue;
    return fmt::format(
        "cannot be written: {} lies beside it, which the trace does not have and which would be "
        "read with it; remove it or choose another name",
        path.string());
  }
  return "";
}

}  // namespace

Result<RouterTrace> ImportNpy(const fs::path& ids_path, const LoadTraceOptions& options) {
  const Result<NpyArray> ids = ReadNpy(ids_path, options.max_bytes);
  if (!ids.ok()) return ids.errors();
  std::string error = CheckIdsShape(ids.value());
  if (!error.empty()) return FileError(ids_path.string(), error);
  RouterTrace trace;
  trace.notes[kNoteIdsType] = Descr(ids.value().type);
  trace.top_k = static_cast<std::uint32_t>(ids.value().shape[2]);
  for (std::uint32_t l = 0; l < ids.value().shape[1]; ++l) trace.layer_ids.push_back(l);
  trace.experts.resize(trace.layers());
  error = SetIds(ids.value(), options.num_experts, trace);
  if (error.empty()) error = CheckDistinct(trace);
  if (!error.empty()) return FileError(ids_path.string(), error);
  trace.steps.push_back({0, TracePhase::kMixed, static_cast<std::uint32_t>(trace.tokens())});
  Result<void> read = ReadWeights(WeightsPath(ids_path), ids.value(), options, trace);
  if (read.ok()) read = ReadSequences(SequencesPath(ids_path), options, trace);
  if (!read.ok()) return read.errors();
  return trace;
}

Result<void> ExportNpy(const RouterTrace& trace, const fs::path& ids_path) {
  if (!RunsAreSequences(trace)) {
    return FileError(ids_path.string(),
                     "cannot be written: sequences of the trace are spread over steps, which .npy "
                     "files of whole sequences cannot hold; keep it as .trace");
  }
  const bool siblings = !Sibling(ids_path, "").empty();
  const bool has_sequences = trace.runs.size() > 1 || trace.notes.contains(kNoteSequencesType);
  if (!siblings && (has_sequences || trace.weight_format != WeightFormat::kNone)) {
    return FileError(ids_path.string(),
                     "must be named TASK.topk_ids.npy: the trace has weights or sequences, which "
                     "go to TASK.topk_weights.npy and TASK.seq_len.npy");
  }
  const std::string stale =
      CheckStale(ids_path, trace.weight_format != WeightFormat::kNone, has_sequences);
  if (!stale.empty()) return FileError(ids_path.string(), stale);
  Result<void> done = WriteFileAtomically(ids_path, FormatNpy(IdsArray(trace)));
  if (done.ok() && trace.weight_format != WeightFormat::kNone) {
    done = WriteFileAtomically(WeightsPath(ids_path), FormatNpy(WeightsArray(trace)));
  }
  if (done.ok() && has_sequences) {
    done = WriteFileAtomically(SequencesPath(ids_path), FormatNpy(SequencesArray(trace)));
  }
  return done;
}

}  // namespace switchyard
