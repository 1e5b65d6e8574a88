// Traces: round trips without a changed byte, replay, and what damaged or wrong files lead to.
#include "sim/routing/trace/trace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "sim/base/file.h"
#include "sim/routing/expert_router.h"
#include "sim/routing/trace/crc32c.h"
#include "sim/routing/trace/half.h"
#include "sim/routing/trace/npy.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace_generate.h"
#include "sim/routing/trace/trace_reader.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("trace_test." + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

std::string Bytes(const fs::path& path) {
  auto bytes = ReadFile(path, std::size_t{1} << 28);
  EXPECT_TRUE(bytes.ok()) << ToString(bytes.errors());
  return std::move(bytes).value();
}

std::string Saved(const RouterTrace& trace) {
  std::ostringstream out;
  SaveTrace(trace, out);
  return out.str();
}

Result<RouterTrace> Load(const std::string& bytes) {
  std::istringstream in(bytes);
  return LoadTrace(in, "x.trace");
}

std::string ErrorOf(const Result<RouterTrace>& trace) {
  return trace.ok() ? "accepted" : trace.errors().front().ToString();
}

RouterTrace Generated(std::uint32_t tokens = 500, std::uint32_t experts = 64) {
  auto trace = GenerateTrace(ZipfRouting{0.8}, {3, tokens, experts, 6}, 9, 64);
  EXPECT_TRUE(trace.ok());
  return std::move(trace).value();
}

// Writes TASK.topk_ids.npy, weights in f2 and lengths, of two tokens, two layers, top-2.
void WriteSmallNpy(const Folder& folder) {
  const NpyArray ids{NpyType::kU1, {2, 2, 2}, std::string("\x00\x01\x02\x03\x03\x02\x01\x00", 8)};
  const NpyArray weights{NpyType::kF2, {2, 2, 2}, "aAbBcCdDeEfFgGhH"};
  const NpyArray lengths{NpyType::kI4, {2}, std::string("\x01\0\0\0\x01\0\0\0", 8)};
  ASSERT_TRUE(WriteFileAtomically(folder / "t.topk_ids.npy", FormatNpy(ids)).ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "t.topk_weights.npy", FormatNpy(weights)).ok());
  ASSERT_TRUE(WriteFileAtomically(folder / "t.seq_len.npy", FormatNpy(lengths)).ok());
}

TEST(Trace, NpyTransposesIntoLayers) {
  const Folder folder;
  WriteSmallNpy(folder);
  const auto loaded = LoadTrace(folder / "t.topk_ids.npy");
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  const RouterTrace& trace = loaded.value();
  EXPECT_EQ(trace.num_experts, 4U);
  EXPECT_TRUE(trace.experts_inferred);
  EXPECT_EQ(trace.tokens(), 2U);
  // File order: token 0 layer 0 (0 1), layer 1 (2 3); token 1 layer 0 (3 2), layer 1 (1 0).
  EXPECT_EQ(trace.experts[0], (std::vector<ExpertIndex>{0, 1, 3, 2}));
  EXPECT_EQ(trace.experts[1], (std::vector<ExpertIndex>{2, 3, 1, 0}));
  EXPECT_EQ(trace.weight_format, WeightFormat::kF16);
  EXPECT_EQ(trace.weights[1].bits[0], 'c' + 256 * 'C') << "token 0, layer 1, choice 0";
  EXPECT_EQ(trace.runs.size(), 2U);
}

void ExpectNpyRoundTrip(const fs::path& ids, const Folder& folder) {
  const auto from_npy = LoadTrace(ids);
  ASSERT_TRUE(from_npy.ok()) << ToString(from_npy.errors());
  ASSERT_TRUE(SaveTrace(from_npy.value(), folder / "copy.trace").ok());
  const auto from_trace = LoadTrace(folder / "copy.trace");
  ASSERT_TRUE(from_trace.ok()) << ToString(from_trace.errors());
  EXPECT_TRUE(from_trace.value().experts_inferred);
  ASSERT_TRUE(ExportNpy(from_trace.value(), folder / "back.topk_ids.npy").ok());
  const std::string stem = ids.string().substr(0, ids.string().size() - 13);
  for (const char* part : {".topk_ids.npy", ".topk_weights.npy", ".seq_len.npy"}) {
    EXPECT_TRUE(Bytes(stem + part) == Bytes(folder / ("back" + std::string(part)))) << part;
  }
}

TEST(Trace, NpyToTraceAndBackChangesNoByte) {
  const Folder folder;
  WriteSmallNpy(folder);
  ExpectNpyRoundTrip(folder / "t.topk_ids.npy", folder);
}

TEST(Trace, RecordedNpyToTraceAndBackChangesNoByte) {
  const fs::path recorded = SWITCHYARD_SOURCE_DIR "/../shared/data/esft_deepseek_v2_lite";
  for (const char* task : {"intent", "law", "summary", "translation"}) {
    const fs::path ids = recorded / (task + std::string(".topk_ids.npy"));
    if (!fs::exists(ids)) GTEST_SKIP() << "no recorded trace at " << ids;
    const Folder folder;
    SCOPED_TRACE(task);
    ExpectNpyRoundTrip(ids, folder);
  }
}

TEST(Trace, MissingChoicesSurviveInEveryWidth) {
  for (const std::uint32_t experts : {255U, 256U, 257U}) {
    RouterTrace trace = Generated(50, experts);
    trace.experts[1][7] = kNoExpert;
    trace.experts[1][8] = static_cast<ExpertIndex>(experts - 1);
    for (ExpertIndex& e : trace.experts[1]) {
      if (&e != &trace.experts[1][8] && e == experts - 1) e = kNoExpert;
    }
    const auto again = Load(Saved(trace));
    ASSERT_TRUE(again.ok()) << ToString(again.errors());
    EXPECT_EQ(again.value().experts, trace.experts) << experts << " experts";
    const Folder folder;
    ASSERT_TRUE(ExportNpy(trace, folder / "t.topk_ids.npy").ok());
    const auto npy = LoadTrace(folder / "t.topk_ids.npy");
    ASSERT_TRUE(npy.ok()) << ToString(npy.errors());
    EXPECT_EQ(npy.value().experts, trace.experts) << experts << " experts";
  }
}

TEST(Trace, SaveLoadSaveGivesTheSameBytes) {
  const std::string bytes = Saved(Generated());
  const auto again = Load(bytes);
  ASSERT_TRUE(again.ok()) << ToString(again.errors());
  EXPECT_TRUE(again.value().warnings.empty());
  EXPECT_EQ(again.value().origin, TraceOrigin::kSynthetic);
  EXPECT_EQ(again.value().seed, 9U);
  EXPECT_TRUE(Saved(again.value()) == bytes);
}

TEST(Trace, DecodeStepsKeepTheirSequences) {
  RouterTrace trace = Generated(6);
  trace.steps = {
      {10, TracePhase::kDecode, 2}, {11, TracePhase::kDecode, 2}, {12, TracePhase::kDecode, 2}};
  trace.runs = {{7, 1, 100}, {8, 1, 50}, {7, 1, 101}, {8, 1, 51}, {8, 1, 52}, {7, 1, 102}};
  const std::string bytes = Saved(trace);
  const auto again = Load(bytes);
  ASSERT_TRUE(again.ok()) << ToString(again.errors());
  ASSERT_EQ(again.value().steps.size(), 3U);
  EXPECT_EQ(again.value().steps[2].step, 12U);
  EXPECT_EQ(again.value().steps[2].phase, TracePhase::kDecode);
  EXPECT_EQ(again.value().runs[5].sequence, 7U);
  EXPECT_EQ(again.value().runs[5].position, 102U);
  EXPECT_TRUE(Saved(again.value()) == bytes);
  const Folder folder;
  const auto npy = ExportNpy(trace, folder / "t.topk_ids.npy");
  ASSERT_FALSE(npy.ok());
  EXPECT_NE(npy.errors().front().message.find("spread over steps"), std::string::npos);
}

TEST(Trace, CopyOfRecordsGivesTheSameBytes) {
  const std::string bytes = Saved(Generated(20000));
  std::istringstream in(bytes);
  std::ostringstream out;
  TraceReader reader(in, "x.trace");
  TraceWriter writer(out);
  trace_pb::Record record;
  for (;;) {
    const auto more = reader.Next(record);
    ASSERT_TRUE(more.ok()) << ToString(more.errors());
    if (!more.value()) break;
    writer.Write(record);
  }
  writer.Finish();
  EXPECT_TRUE(out.str() == bytes);
}

TEST(Trace, ATruncatedTailCostsOnlyTheLastBlock) {
  const RouterTrace whole = Generated(60000);  // 28 bytes a token and layer: more than one block
  const std::string bytes = Saved(whole);
  const auto cut = Load(bytes.substr(0, bytes.size() - 1000));
  ASSERT_TRUE(cut.ok()) << ToString(cut.errors());
  const RouterTrace& trace = cut.value();
  EXPECT_LT(trace.tokens(), whole.tokens());
  EXPECT_GT(trace.tokens(), 0U);
  EXPECT_TRUE(
      std::equal(trace.experts[2].begin(), trace.experts[2].end(), whole.experts[2].begin()));
  ASSERT_EQ(trace.warnings.size(), 2U);
  EXPECT_EQ(trace.warnings[0], "the file is cut off inside its last record");
  std::uint64_t run_tokens = 0;
  for (const TraceRun& run : trace.runs) run_tokens += run.tokens;
  EXPECT_EQ(run_tokens, trace.tokens());
}

TEST(Trace, EveryTruncationIsReadOrRefusedButNeverMore) {
  const RouterTrace whole = Generated(40);
  const std::string bytes = Saved(whole);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto cut = Load(bytes.substr(0, n));
    if (cut.ok()) {
      EXPECT_EQ(cut.value().experts, whole.experts) << "only the footer was missing";
    }
  }
}

TEST(Trace, EveryFlippedByteIsHarmless) {
  const RouterTrace whole = Generated(40);
  const std::string bytes = Saved(whole);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    const auto trace = Load(damaged);
    if (!trace.ok()) continue;
    for (const auto& layer : trace.value().experts) {
      for (const ExpertIndex e : layer) {
        ASSERT_TRUE(e < trace.value().num_experts || e == kNoExpert) << "byte " << i;
      }
    }
  }
}

// A container of the given records, as a careless program might write it.
std::string Container(const std::vector<trace_pb::Record>& records) {
  std::string bytes = "MRT1";
  for (const trace_pb::Record& record : records) {
    const std::string body = record.SerializeAsString();
    std::size_t n = body.size();
    for (; n >= 128; n >>= 7) bytes.push_back(static_cast<char>(n | 128));
    bytes.push_back(static_cast<char>(n));
    bytes += body;
  }
  return bytes;
}

trace_pb::Record Header(std::uint32_t major, std::uint32_t experts, std::uint32_t top_k) {
  trace_pb::Record record;
  record.mutable_header()->set_format_major(major);
  trace_pb::LayerSpec* layer = record.mutable_header()->add_layer();
  layer->set_experts(experts);
  layer->set_top_k(top_k);
  return record;
}
trace_pb::Record Step(std::uint32_t tokens) {
  trace_pb::Record record;
  record.mutable_step()->set_tokens(tokens);
  return record;
}
trace_pb::Record Chunk(std::uint32_t tokens, const std::string& ids) {
  trace_pb::Record record;
  record.mutable_chunk()->set_token_count(tokens);
  record.mutable_chunk()->set_expert_id(ids);
  record.mutable_chunk()->set_crc32c(0xE3069283);  // of "123456789"
  return record;
}

TEST(Crc32c, GivesPublishedValuesHoweverTheBytesCome) {
  const auto of = [](std::initializer_list<std::string_view> parts) {
    Crc32c crc;
    for (const std::string_view part : parts) crc.Add(part);
    return crc.value();
  };
  EXPECT_EQ(of({"123456789"}), 0xe3069283U);
  EXPECT_EQ(of({"123", "", "456789"}), 0xe3069283U);
  // RFC 3720, appendix B.4: 32 bytes of 0, of 0xff, and 0 to 31.
  EXPECT_EQ(of({std::string(32, '\0')}), 0x8a9136aaU);
  EXPECT_EQ(of({std::string(32, '\xff')}), 0x62a8ab43U);
  std::string rising;
  for (char c = 0; c < 32; ++c) rising.push_back(c);
  EXPECT_EQ(of({rising}), 0x46dd794eU);
  EXPECT_EQ(of({rising.substr(0, 13), rising.substr(13)}), 0x46dd794eU);
  EXPECT_EQ(of({}), 0U);
}

TEST(TraceReader, ChecksumIsCrc32c) {
  // The check value of CRC-32C: "123456789" gives 0xE3069283.
  const auto trace = Load(Container({Header(1, 100, 1), Step(9), Chunk(9, "123456789")}));
  ASSERT_TRUE(trace.ok()) << ToString(trace.errors());
  EXPECT_EQ(trace.value().experts[0].front(), '1');
  EXPECT_EQ(trace.value().runs.size(), 1U);
}

TEST(TraceReader, RefusesWhatDoesNotFit) {
  const auto error = [](const std::vector<trace_pb::Record>& records) {
    const std::string message = ErrorOf(Load(Container(records)));
    const std::size_t at = message.find(": ", message.find("byte"));
    return at == std::string::npos ? message : message.substr(at + 2);
  };
  EXPECT_EQ(ErrorOf(Load("MRT2")), "x.trace: error: is not a router trace (no MRT1)");
  EXPECT_EQ(ErrorOf(Load("MRT1")), "x.trace: error: ends before its header is complete");
  EXPECT_EQ(error({Step(1)}), "the first record is not a header");
  EXPECT_EQ(error({Header(2, 8, 2)}), "has format version 2.0; this program reads version 1");
  EXPECT_EQ(error({Header(1, 8, 9)}), "layer 0 has top_k 9; allowed: 1 to its 8 experts");
  EXPECT_EQ(error({Header(1, 65535, 1)}), "layer 0 has 65535 experts; allowed: 1 to 65534");
  EXPECT_EQ(error({Header(1, 8, 1), Header(1, 8, 1)}), "is a second header");
  EXPECT_EQ(error({Header(1, 8, 1), Chunk(1, "a")}), "is a chunk before the first step");
  EXPECT_EQ(error({Header(1, 100, 1), Step(9), Chunk(9, "12345678")}),
            "expert_id: has 8 bytes where its shape needs 9");
  EXPECT_EQ(error({Header(1, 100, 1), Step(9), Chunk(9, "123456780")}),
            "its CRC-32C does not match: the file is damaged");
  EXPECT_EQ(error({Header(1, 57, 1), Step(9), Chunk(9, "123456789")}),
            "choice 8 is expert 57, but the layer has 57");
  EXPECT_EQ(error({Header(1, 100, 1), Step(8), Chunk(9, "123456789")}),
            "holds tokens 0 to 9 of a step of 8");
}

TEST(TraceReader, ChecksSizesBeforeAllocating) {
  // 2^26 tokens of 64 choices: 4 GiB of ids claimed by a record of a few bytes.
  trace_pb::Record huge = Chunk(1U << 26, "x");
  const auto many = Load(Container({Header(1, 64, 64), Step(1U << 26), huge}));
  EXPECT_NE(ErrorOf(many).find("choices; at most 67108864 are read"), std::string::npos)
      << ErrorOf(many);
  // A record length of 2^35 - 1.
  const auto length = Load("MRT1\xff\xff\xff\xff\x7f");
  EXPECT_NE(ErrorOf(length).find("at most 4259840 are read"), std::string::npos) << ErrorOf(length);
  // A step that claims 2^32 - 1 tokens and has none takes no memory for them.
  const auto empty = Load(Container({Header(1, 64, 1), Step(0xffffffffU)}));
  EXPECT_EQ(ErrorOf(empty), "x.trace: error: holds no token that has all its layers");
}

TEST(TraceReader, SkipsAndCountsWhatANewerFormatBrings) {
  trace_pb::Record newer = Chunk(9, "123456789");
  newer.mutable_chunk()->set_id_code(static_cast<trace_pb::LayerChunk::IdCode>(7));
  std::string bytes = Container({Header(1, 100, 1), Step(9), newer, Chunk(9, "123456789")});
  bytes += std::string("\x03\x7a\x01z", 4);  // a record of unknown kind 15
  const auto trace = Load(bytes);
  ASSERT_TRUE(trace.ok()) << ToString(trace.errors());
  EXPECT_EQ(trace.value().warnings,
            std::vector<std::string>{"2 records of an unknown kind were skipped"});
  EXPECT_EQ(trace.value().tokens(), 9U);
}

TEST(TraceReader, ReportsGaps) {
  trace_pb::Record gap;
  gap.mutable_gap()->set_step(4);
  gap.mutable_gap()->set_layers(1);
  gap.mutable_gap()->set_reason("ring full");
  const auto trace =
      Load(Container({Header(1, 100, 1), Step(9), Chunk(9, "123456789"), Step(5), gap}));
  ASSERT_TRUE(trace.ok()) << ToString(trace.errors());
  EXPECT_EQ(trace.value().tokens(), 9U);
  ASSERT_EQ(trace.value().warnings.size(), 2U);
  EXPECT_EQ(trace.value().warnings[0], "step 4: 1 layers from 0 on were not recorded: ring full");
}

TEST(TraceNpy, RefusesWhatIsNoTrace) {
  const Folder folder;
  const fs::path ids = folder / "t.topk_ids.npy";
  const auto error = [&](const NpyArray& array) {
    EXPECT_TRUE(WriteFileAtomically(ids, FormatNpy(array)).ok());
    const std::string message = ErrorOf(LoadTrace(ids));
    return message.substr(message.find("error: ") + 7);
  };
  EXPECT_EQ(error({NpyType::kU1, {2, 2}, "abcd"}),
            "has 2 dimensions; expert ids are [tokens, layers, top_k]");
  EXPECT_EQ(error({NpyType::kF2, {1, 1, 1}, "ab"}), "holds <f2; expert ids are integers");
  EXPECT_EQ(error({NpyType::kU1, {1, 1, 2}, "aa"}),
            "token 0 of MoE layer 0 chooses expert 97 twice");
  EXPECT_EQ(error({NpyType::kI4, {1, 1, 1}, "\xfe\xff\xff\xff"}),
            "token 0, layer 0: expert -2; allowed: 0 to 65533, or -1 for none");
  WriteSmallNpy(folder);
  const NpyArray lengths{NpyType::kI4, {1}, std::string("\x03\0\0\0", 4)};
  ASSERT_TRUE(WriteFileAtomically(folder / "t.seq_len.npy", FormatNpy(lengths)).ok());
  EXPECT_NE(ErrorOf(LoadTrace(ids)).find("sequence 0 of length 3 does not fit the 2 tokens"),
            std::string::npos);
  ASSERT_TRUE(WriteFileAtomically(folder / "other", "hello").ok());
  EXPECT_NE(ErrorOf(LoadTrace(folder / "other")).find("neither a .trace container nor a .npy"),
            std::string::npos);
  EXPECT_NE(ErrorOf(LoadTrace(folder / "absent")).find("no such file"), std::string::npos);
}

TEST(Replay, RepeatsTheTraceFromTheGivenToken) {
  const Folder folder;
  const RouterTrace trace = Generated(10);
  ASSERT_TRUE(SaveTrace(trace, folder / "t.trace").ok());
  const auto router =
      MakeExpertRouter(TraceRouting{(folder / "t.trace").string(), 7}, {3, 25, 64, 6}, 1);
  ASSERT_TRUE(router.ok()) << ToString(router.errors());
  const LayerRoutes routes = router.value()->Route(2);
  for (std::uint32_t t = 0; t < 25; ++t) {
    const auto expected = trace.Choices(2, (7 + t) % 10);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), routes.ChoicesOf(t).begin()));
  }
  EXPECT_EQ(routes.weight[0], Bf16ToFloat(trace.weights[2].bits[7 * 6]));
}

TEST(Replay, NamesBothNumbersOfAMismatch) {
  const Folder folder;
  ASSERT_TRUE(SaveTrace(Generated(10), folder / "t.trace").ok());
  const std::string path = (folder / "t.trace").string();
  const auto router = MakeExpertRouter(TraceRouting{path, 0}, {58, 25, 256, 8}, 1);
  ASSERT_FALSE(router.ok());
  EXPECT_EQ(ToString(router.errors()),
            path + ": error: the trace has 64 experts, the model 256\n" + path +
                ": error: the trace has 6 choices per token, the model 8\n" + path +
                ": error: the trace has 3 MoE layers, the model 58; `layers: stretch` spreads them "
                "over the model\n");
}

// A permutation: over as many tokens as the trace has, every token once, and the same one in each
// layer.
TEST(Replay, ShuffledTokensAreTheSameTokensInAnotherOrder) {
  const Folder folder;
  constexpr std::uint32_t kTokens = 200;
  const RouterTrace trace = Generated(kTokens);
  ASSERT_TRUE(SaveTrace(trace, folder / "t.trace").ok());
  const TraceRouting spec{(folder / "t.trace").string(), 0, TraceLayers::kExact,
                          TraceTokens::kShuffled};
  const auto token_of = [&](const LayerRoutes& routes, std::uint32_t layer) {
    using Row = std::vector<ExpertIndex>;
    std::vector<Row> rows;
    for (std::uint32_t t = 0; t < kTokens; ++t) {
      const auto choices = routes.ChoicesOf(t);
      rows.emplace_back(choices.begin(), choices.end());
    }
    std::vector<Row> recorded;
    for (std::uint32_t t = 0; t < kTokens; ++t) {
      const auto choices = trace.Choices(layer, t);
      recorded.emplace_back(choices.begin(), choices.end());
    }
    const std::vector<Row> in_order = rows;
    std::sort(rows.begin(), rows.end());
    auto sorted = recorded;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(rows, sorted);
    EXPECT_NE(in_order, recorded);
    return in_order;
  };
  const auto router = MakeExpertRouter(spec, {3, kTokens, 64, 6}, 1);
  ASSERT_TRUE(router.ok());
  const auto first = token_of(router.value()->Route(0), 0);
  static_cast<void>(token_of(router.value()->Route(1), 1));
  const auto again = MakeExpertRouter(spec, {3, kTokens, 64, 6}, 1);
  EXPECT_EQ(again.value()->Route(0).expert, router.value()->Route(0).expert);
  const auto other = MakeExpertRouter(spec, {3, kTokens, 64, 6}, 2);
  EXPECT_NE(other.value()->Route(0).expert, router.value()->Route(0).expert);
  // Token i of layer 0 and of layer 1 are the same token: find it in the trace by both rows.
  const LayerRoutes one = router.value()->Route(1);
  for (std::uint32_t t = 0; t < kTokens; ++t) {
    bool found = false;
    for (std::uint32_t s = 0; s < kTokens && !found; ++s) {
      const auto zero = trace.Choices(0, s);
      const auto next = trace.Choices(1, s);
      found = std::equal(zero.begin(), zero.end(), first[t].begin()) &&
              std::equal(next.begin(), next.end(), one.ChoicesOf(t).begin());
    }
    EXPECT_TRUE(found) << "token " << t;
  }
}

// floor(l * 3 / 7) for l = 0 to 6: 0 0 0 1 1 2 2; and of 2 model layers the first and floor(3 / 2)
// = 1.
TEST(Replay, StretchedLayersKeepTheirDepth) {
  const Folder folder;
  const RouterTrace trace = Generated(10);
  ASSERT_TRUE(SaveTrace(trace, folder / "t.trace").ok());
  const TraceRouting spec{(folder / "t.trace").string(), 0, TraceLayers::kStretch};
  const auto expect_layers = [&](const std::vector<std::uint32_t>& expected) {
    const auto router =
        MakeExpertRouter(spec, {static_cast<std::uint32_t>(expected.size()), 10, 64, 6}, 1);
    ASSERT_TRUE(router.ok()) << ToString(router.errors());
    for (std::uint32_t l = 0; l < expected.size(); ++l) {
      EXPECT_EQ(router.value()->Route(l).expert, trace.experts[expected[l]]) << "layer " << l;
    }
  };
  expect_layers({0, 0, 0, 1, 1, 2, 2});
  expect_layers({0, 1, 2});
  expect_layers({0, 1});
}

TEST(Half, ConvertsEveryKindOfValue) {
  EXPECT_EQ(HalfToFloat(0x3c00), 1.0F);
  EXPECT_EQ(HalfToFloat(0xc000), -2.0F);
  EXPECT_EQ(HalfToFloat(0x3555), 0x1.554p-2F);  // the half nearest to 1/3
  EXPECT_EQ(HalfToFloat(0x0001), 0x1.0p-24F);   // the smallest subnormal
  EXPECT_EQ(HalfToFloat(0x7bff), 65504.0F);     // the largest
  EXPECT_TRUE(HalfToFloat(0x7e00) != HalfToFloat(0x7e00)) << "NaN";
  EXPECT_EQ(FloatToBf16(1.0F), 0x3f80);
  EXPECT_EQ(FloatToBf16(1.00390625F), 0x3f80) << "half-way between 1 and 1 + 2^-7: to even";
  EXPECT_EQ(Bf16ToFloat(FloatToBf16(-0.375F)), -0.375F);
}

}  // namespace
}  // namespace switchyard
