// The choices that SGLang and vLLM return with a response, as JSON or JSON lines: wherever a member
// "routed_experts" stands in it (meta_info, choices, choices[].sgl_ext, the top).
//
//   SGLang  text: base64 of int32 [tokens, layers, top_k] without a shape: --layers and --top-k say
//           it; tokens from the member routed_experts_start_len on. sglang pull request 12162,
//           docs.sglang.io/docs/basic_usage/openai_api_completions.md
//   vLLM    text: base64 of a .npy array; before that, nested lists, with the prompt's choices in
//           "prompt_routed_experts" at the top of the response.
//           docs.vllm.ai/en/v0.21.0/training/routed_experts_replay
//   others  an object {"data": base64, "shape": [tokens, layers, top_k], "start": 0}, one, two or
//           four bytes a number (verifiers pull request 1672)
//
// Every such member is one sequence. Both engines leave out a sequence's last token: it was sampled
// and never routed.
#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/import/base64.h"
#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/npy_cube.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "routed_experts";
constexpr std::string_view kKey = "routed_experts";
constexpr std::string_view kPromptKey = "prompt_routed_experts";
constexpr std::string_view kStartKey = "routed_experts_start_len";
constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::int64_t kMaxTokens = std::int64_t{1} << 31;

bool Recognizes(const ImportFile& file) { return LooksLikeJsonWith(file, kKey); }

class Reader {
 public:
  Reader(const ImportFile& file, const ImportOptions& options)
      : options_(options), log_(file), table_(options, log_) {}

  Result<RouterTrace> Read(const ImportFile& file) && {
    step_ = table_.Step(0, TracePhase::kMixed);
    ForEachJsonRecord(file, log_, [&](const DataNode& record) {
      const std::string path = fmt::format("[{}]", records_++);
      prompt_.reset();
      if (const DataNode* prompt = FindMember(record, kPromptKey)) {
        prompt_ = ReadCube(*prompt, path + "." + std::string(kPromptKey));
      }
      Search(record, path);
    });
    if (log_.ok() && sequence_ == 0) log_.Error({}, "holds no member 'routed_experts'");
    if (!options_.first_layer) {
      log_.Warn("layer 0 of the arrays is taken to be layer 0 of the model: --first-layer says it");
    }
    return std::move(table_).Finish(kName);
  }

 private:
  // Depth is bounded by the parser's.
  void Search(const DataNode& node, const std::string& path) {
    if (const auto* list = std::get_if<DataList>(&node.data)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        Search((*list)[i], fmt::format("{}[{}]", path, i));
      }
    }
    const auto* dict = std::get_if<DataDict>(&node.data);
    if (dict == nullptr) return;
    for (const DataMember& member : *dict) {
      const std::string at = path + "." + Shown(member.key);
      if (member.key == kPromptKey) continue;
      if (member.key != kKey) {
        Search(member.value, at);
      } else if (!std::holds_alternative<std::nullptr_t>(member.value.data)) {
        AddSequence(node, member.value, at);
      }
    }
  }

  void AddSequence(const DataNode& owner, const DataNode& node, const std::string& path) {
    const std::optional<IdCube> cube = ReadCube(node, path);
    // The start stands beside the choices, or within them.
    std::int64_t start = Start(owner, kStartKey, path);
    if (start == 0) start = Start(node, "start", path);
    const std::uint32_t sequence = sequence_++;
    if (!cube) return;
    std::uint32_t position = static_cast<std::uint32_t>(start);
    if (prompt_) position = Append(*prompt_, sequence, position, node, path);
    Append(*cube, sequence, position, node, path);
  }

  std::int64_t Start(const DataNode& dict, std::string_view key, const std::string& path) {
    const auto start = ReadInteger(dict, {key, false, 0}, path, log_);
    return std::min(start.value_or(0), kMaxTokens);
  }

  // Returns the position behind the tokens.
  std::uint32_t Append(const IdCube& cube, std::uint32_t sequence, std::uint32_t position,
                       const DataNode& node, const std::string& path) {
    if (layers_ == 0) {
      layers_ = cube.layers;
      width_ = cube.width;
    }
    if (cube.layers != layers_ || cube.width != width_) {
      log_.Error({node.offset, path},
                 fmt::format("has {} layers and {} choices; those before it have {} and {}",
                             cube.layers, cube.width, layers_, width_));
      return position;
    }
    table_.AppendCube(step_, cube.View(), {node.offset, path});
    const auto tokens = static_cast<std::uint32_t>(cube.tokens);
    table_.AddRun(step_, {sequence, tokens, position});
    return position + tokens;
  }

  std::optional<IdCube> ReadCube(const DataNode& node, const std::string& path) {
    if (const auto* text = std::get_if<std::string>(&node.data)) {
      const auto bytes = Decode(*text, node, path);
      if (!bytes) return std::nullopt;
      if (bytes->starts_with(kNpyMagic)) return CubeFromNpy(*bytes, path, log_);
      return FromBytes(*bytes, node, path);
    }
    if (FindMember(node, "data") != nullptr) return FromObject(node, path);
    const std::optional<IntegerTensor> tensor = ReadIntegers(node, path, log_);
    if (!tensor) return std::nullopt;
    if (tensor->shape.size() != 3) {
      log_.Error({node.offset, path}, fmt::format("has {} dimensions; choices are [tokens, layers, "
                                                  "top_k]",
                                                  tensor->shape.size()));
      return std::nullopt;
    }
    return IdCube{tensor->values, tensor->shape[0], tensor->shape[1], tensor->shape[2]};
  }

  std::optional<std::string> Decode(const std::string& text, const DataNode& node,
                                    const std::string& path) {
    auto bytes = DecodeBase64(text);
    if (!bytes) log_.Error({node.offset, path}, "is not base64");
    return bytes;
  }

  // int32 without a shape.
  std::optional<IdCube> FromBytes(const std::string& bytes, const DataNode& node,
                                  const std::string& path) {
    if (options_.layers.value_or(0) == 0 || options_.top_k.value_or(0) == 0) {
      log_.Error({node.offset, path},
                 "the text does not say its shape: give --layers and --top-k of the model");
      return std::nullopt;
    }
    const std::size_t row = std::size_t{*options_.layers} * *options_.top_k * sizeof(std::int32_t);
    if (bytes.size() % row != 0) {
      log_.Error({node.offset, path},
                 fmt::format("{} bytes are no whole number of tokens of {} layers, {} choices and "
                             "4 bytes",
                             bytes.size(), *options_.layers, *options_.top_k));
      return std::nullopt;
    }
    return CubeFromRaw(bytes, sizeof(std::int32_t), *options_.layers, *options_.top_k);
  }

  std::optional<IdCube> FromObject(const DataNode& node, const std::string& path) {
    const DataNode* data = FindMember(node, "data");
    const DataNode* shape = FindMember(node, "shape");
    const auto* text = std::get_if<std::string>(&data->data);
    const auto* sizes = shape == nullptr ? nullptr : std::get_if<IntegerList>(&shape->data);
    const bool positive =
        sizes != nullptr && sizes->size() == 3 &&
        std::all_of(sizes->begin(), sizes->end(), [](std::int64_t n) { return n > 0; }) &&
        (*sizes)[0] < kMaxTokens && (*sizes)[1] <= std::int64_t{kMaxTraceLayers} &&
        (*sizes)[2] <= std::int64_t{kMaxTraceExperts};
    if (text == nullptr || !positive) {
      log_.Error({node.offset, path},
                 "expected {\"data\": base64, \"shape\": [tokens, layers, top_k]}");
      return std::nullopt;
    }
    const auto bytes = Decode(*text, *data, path + ".data");
    if (!bytes) return std::nullopt;
    const auto layers = static_cast<std::size_t>((*sizes)[1]);
    const auto width = static_cast<std::size_t>((*sizes)[2]);
    const std::size_t items = bytes->size() / (layers * width);
    for (const auto item_bytes :
         {sizeof(std::int8_t), sizeof(std::int16_t), sizeof(std::int32_t)}) {
      const bool whole = bytes->size() % (layers * width * item_bytes) == 0;
      if (whole && items == item_bytes * static_cast<std::size_t>((*sizes)[0])) {
        return CubeFromRaw(*bytes, item_bytes, layers, width);
      }
    }
    log_.Error({data->offset, path + ".data"},
               fmt::format("{} bytes do not fill the shape [{}, {}, {}] with 1, 2 or 4 bytes each",
                           bytes->size(), (*sizes)[0], layers, width));
    return std::nullopt;
  }

  ImportOptions options_;
  ImportLog log_;
  StepTable table_;
  std::optional<IdCube> prompt_;  // of the present record
  std::size_t step_ = 0;
  std::size_t records_ = 0;
  std::size_t layers_ = 0;
  std::size_t width_ = 0;
  std::uint32_t sequence_ = 0;
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  return Reader(file, options).Read(file);
}

}  // namespace

TraceImporter RoutedExpertsImporter() {
  return {kName,
          "SGLang return_routed_experts and vLLM routed_experts in responses, JSON or JSON lines",
          kImportLayers | kImportTopK | kImportFirstLayer, Recognizes, Import};
}

}  // namespace switchyard
