// What a trace holds beside the choices: domains, token ids, recorded drops, gaps.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <sstream>

#include "sim/routing/expert_router.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_reader.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {
namespace {

using Records = std::vector<trace_pb::Record>;

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
  if (trace.ok()) return "accepted";
  const std::string message = trace.errors().front().ToString();
  const std::size_t at = message.find(": ", message.find("byte"));
  return at == std::string::npos ? message : message.substr(at + 2);
}

// Two layers of 4 experts, top-2: 3 tokens in one step, then 2.
RouterTrace Small() {
  RouterTrace trace;
  trace.num_experts = 4;
  trace.top_k = 2;
  trace.layer_ids = {1, 2};
  trace.experts = {{0, 1, 1, 2, 3, 0, 2, 1, 0, 3}, {3, 2, 2, 1, 1, 0, 0, 3, 3, 1}};
  trace.steps = {{7, TracePhase::kPrefill, 3}, {8, TracePhase::kDecode, 2}};
  trace.runs = {{0, 2, 0}, {1, 1, 0}, {0, 1, 2}, {1, 1, 1}};
  return trace;
}

// The same trace after a round trip, which gives the same bytes once more.
RouterTrace RoundTrip(const RouterTrace& trace) {
  const std::string bytes = Saved(trace);
  auto again = Load(bytes);
  EXPECT_TRUE(again.ok()) << ToString(again.errors());
  EXPECT_TRUE(Saved(again.value()) == bytes);
  return std::move(again).value();
}

Records ReadRecords(const std::string& bytes) {
  std::istringstream in(bytes);
  TraceReader reader(in, "x.trace");
  Records records;
  trace_pb::Record record;
  while (reader.Next(record).value()) records.push_back(record);
  return records;
}

// The file of `trace` with its records changed.
std::string Changed(const RouterTrace& trace, const std::function<void(Records&)>& change) {
  Records records = ReadRecords(Saved(trace));
  change(records);
  std::ostringstream out;
  TraceWriter writer(out);
  for (const trace_pb::Record& record : records) writer.Write(record);
  writer.Finish();
  return out.str();
}

trace_pb::Record Gap(std::uint64_t step, std::uint32_t first_layer, std::uint32_t layers) {
  trace_pb::Record record;
  record.mutable_gap()->set_step(step);
  record.mutable_gap()->set_first_layer(first_layer);
  record.mutable_gap()->set_layers(layers);
  record.mutable_gap()->set_reason("ring full");
  return record;
}

constexpr std::ptrdiff_t kHeader = 0, kStep = 1, kLayer0 = 2, kLayer1 = 3, kSecondStep = 4;

TEST(TraceContent, DomainsTokenIdsAndDropsSurvive) {
  RouterTrace trace = Small();
  trace.domains = {"code", "prose"};
  trace.runs[0].domain = 1;
  trace.runs[3].domain = 0;
  trace.token_ids = {5, 6, kNoTokenId, 5, 70000};
  trace.kept = {{1, 1, 0, 1, 1, 1, 0, 0, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 0}};
  trace.driver = "1.2";
  const RouterTrace again = RoundTrip(trace);
  EXPECT_EQ(again.domains, trace.domains);
  EXPECT_EQ(again.runs[0].domain, 1);
  EXPECT_EQ(again.runs[1].domain, kNoDomain);
  EXPECT_EQ(again.runs[3].domain, 0);
  EXPECT_EQ(again.token_ids, trace.token_ids);
  EXPECT_EQ(again.kept, trace.kept);
  EXPECT_EQ(again.driver, "1.2");
}

TEST(TraceContent, WhatATraceDoesNotHaveTakesNoBytes) {
  const Records records = ReadRecords(Saved(Small()));
  EXPECT_EQ(records[kHeader].header().domain_name_size(), 0);
  EXPECT_TRUE(records[kStep].step().token_id().empty());
  EXPECT_TRUE(records[kStep].step().domain().empty());
  EXPECT_TRUE(records[kLayer0].chunk().kept_bits().empty());
  const RouterTrace again = RoundTrip(Small());
  EXPECT_TRUE(again.token_ids.empty());
  EXPECT_TRUE(again.kept.empty());
}

TEST(TraceContent, TokenIdsOfLaterStepsLeaveEarlierOnesUnknown) {
  const auto only = [](std::ptrdiff_t step) {
    RouterTrace trace = Small();
    trace.token_ids = {1, 2, 3, 4, 5};
    return Load(Changed(trace, [&](Records& records) {
      records[static_cast<std::size_t>(step)].mutable_step()->clear_token_id();
    }));
  };
  constexpr std::uint32_t kNo = kNoTokenId;
  EXPECT_EQ(only(kStep).value().token_ids, (std::vector<std::uint32_t>{kNo, kNo, kNo, 4, 5}));
  EXPECT_EQ(only(kSecondStep).value().token_ids, (std::vector<std::uint32_t>{1, 2, 3, kNo, kNo}));
}

TEST(TraceContent, AChunkWithoutKeptBitsKeptAllItsChoices) {
  RouterTrace trace = Small();
  trace.experts[0][1] = kNoExpert;
  trace.kept = {KeptMask(10, 0), KeptMask(10, 0)};
  const auto loaded = Load(Changed(trace, [](Records& records) {
    records[kLayer0].mutable_chunk()->clear_kept_bits();
    records[kLayer1].mutable_chunk()->clear_kept_bits();
  }));
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  // The first step's 6 choices are kept, but for the one that was never made; the second's not.
  EXPECT_EQ(loaded.value().kept[0], (KeptMask{1, 0, 1, 1, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(loaded.value().kept[1], (KeptMask{1, 1, 1, 1, 1, 1, 0, 0, 0, 0}));
}

TEST(TraceContent, AGapBecomesNoChoiceAndIsListed) {
  constexpr ExpertIndex kNo = kNoExpert;
  const auto loaded = Load(Changed(Small(), [](Records& records) {
    records[kLayer1] = Gap(7, 1, 1);
    records.push_back(Gap(9, 0, 2));  // a step that is not in the file at all
  }));
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  const RouterTrace& trace = loaded.value();
  EXPECT_EQ(trace.tokens(), 5U) << "no token is lost: layer 0 has all of them";
  EXPECT_EQ(trace.experts[0], Small().experts[0]);
  EXPECT_EQ(trace.experts[1], (std::vector<ExpertIndex>{kNo, kNo, kNo, kNo, kNo, kNo, 0, 3, 3, 1}));
  ASSERT_EQ(trace.gaps.size(), 2U);
  EXPECT_EQ(trace.gaps[0].step, 7U);
  EXPECT_EQ(trace.gaps[0].first_layer, 1U);
  EXPECT_EQ(trace.gaps[0].layers, 1U);
  EXPECT_EQ(trace.gaps[0].reason, "ring full");
  EXPECT_EQ(trace.gaps[1].step, 9U);
  EXPECT_EQ(trace.warnings.size(), 2U) << "said aloud, too";
  const RouterTrace again = RoundTrip(trace);
  EXPECT_EQ(again.experts, trace.experts);
  EXPECT_EQ(again.gaps.size(), 2U);
}

TEST(TraceContent, AStepMayLackAllItsLayers) {
  const auto loaded = Load(Changed(Small(), [](Records& records) {
    records[kLayer0] = Gap(7, 0, 2);
    records.erase(records.begin() + kLayer1);
  }));
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  EXPECT_EQ(loaded.value().tokens(), 5U);
  EXPECT_EQ(loaded.value().Choices(0, 2)[0], kNoExpert);
  EXPECT_EQ(loaded.value().Choices(0, 3)[0], 2);
}

TEST(TraceContent, AGapMayEndInsideAStep) {
  const auto loaded = Load(Changed(Small(), [](Records& records) {
    trace_pb::LayerChunk& chunk = *records[kLayer0].mutable_chunk();
    chunk.set_first_token(2);  // the first two tokens' choices were lost
    chunk.set_token_count(1);
    chunk.set_expert_id(std::string("\x03\x00", 2));
    records.insert(records.begin() + kLayer0, Gap(7, 0, 1));
  }));
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  constexpr ExpertIndex kNo = kNoExpert;
  EXPECT_EQ(loaded.value().experts[0],
            (std::vector<ExpertIndex>{kNo, kNo, kNo, kNo, 3, 0, 2, 1, 0, 3}));
}

TEST(TraceContent, WeightsThatComeAfterAGapAreZeroInIt) {
  RouterTrace trace = Small();
  trace.weight_format = WeightFormat::kBf16;
  trace.weights = {{std::vector<std::uint16_t>(10, 0x3f80), {}},
                   {std::vector<std::uint16_t>(10, 0x3f80), {}}};
  const auto loaded = Load(Changed(trace, [](Records& records) {
    records[kLayer0] = Gap(7, 0, 2);
    records.erase(records.begin() + kLayer1);
  }));
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  EXPECT_EQ(loaded.value().Weight(0, 5), 0.0F);
  EXPECT_EQ(loaded.value().Weight(1, 6), 1.0F);
}

TEST(TraceContent, ReplayRepeatsDroppedChoicesToo) {
  RouterTrace trace = Small();
  trace.kept = {KeptMask(10, 0), KeptMask(10, 0)};
  const auto file = std::filesystem::temp_directory_path() /
                    ("trace_content_test." + std::to_string(::getpid()) + ".trace");
  ASSERT_TRUE(SaveTrace(trace, file).ok());
  const auto router = MakeExpertRouter(TraceRouting{file.string(), 0}, {2, 5, 4, 2, 1, 1}, 1);
  std::filesystem::remove(file);
  ASSERT_TRUE(router.ok()) << ToString(router.errors());
  EXPECT_EQ(router.value()->Route(0).expert, trace.experts[0])
      << "the scenario's capacity rule decides what is dropped";
}

TEST(TraceContent, ALongStepIsSplitWhereItsTokenIdsNeedIt) {
  // 3 MiB hold 786,428 ids beside a run's 13 bytes; the run goes on in the next record.
  constexpr std::uint32_t kTokens = 800000;
  RouterTrace trace;
  trace.num_experts = 2;
  trace.top_k = 1;
  trace.layer_ids = {0};
  trace.experts = {std::vector<ExpertIndex>(kTokens, 1)};
  trace.steps = {{3, TracePhase::kTrain, kTokens}};
  trace.runs = {{9, kTokens, 100}};
  trace.gaps = {{3, 0, 1, "x"}};
  for (std::uint32_t t = 0; t < kTokens; ++t) trace.token_ids.push_back(t);
  const RouterTrace again = RoundTrip(trace);
  ASSERT_EQ(again.steps.size(), 2U);
  EXPECT_EQ(again.steps[1].step, 3U);
  EXPECT_EQ(again.runs[1].position, 100 + again.runs[0].tokens);
  EXPECT_TRUE(again.token_ids == trace.token_ids);
  EXPECT_EQ(again.gaps.size(), 1U);
}

TEST(TraceContent, NamesWhatIsWrong) {
  RouterTrace trace = Small();
  trace.domains = {"code"};
  trace.runs[1].domain = 0;
  trace.token_ids = {1, 2, 3, 4, 5};
  trace.kept = {KeptMask(10, 1), KeptMask(10, 1)};
  const auto error = [&](const std::function<void(Records&)>& change) {
    return ErrorOf(Load(Changed(trace, change)));
  };
  EXPECT_EQ(error([](Records& r) { r[kStep].mutable_step()->mutable_domain()->push_back('a'); }),
            "domain does not hold one byte per run of sequence_id");
  EXPECT_EQ(error([](Records& r) { r[kStep].mutable_step()->set_domain("\x01\xff"); }),
            "has domain 1, but the header names 1");
  EXPECT_EQ(error([](Records& r) { r[kStep].mutable_step()->mutable_token_id()->pop_back(); }),
            "token_id does not hold one u32 per token");
  EXPECT_EQ(error([](Records& r) { r[kLayer0].mutable_chunk()->set_kept_bits("xx"); }),
            "kept_bits: its zstd frame does not declare the 1 bytes of its shape");
  EXPECT_EQ(error([](Records& r) { r.push_back(Gap(8, 1, 2)); }),
            "is a gap of layers 1 to 3, but there are 2");
  EXPECT_EQ(error([](Records& r) { r.push_back(Gap(8, 1, 0)); }),
            "is a gap of layers 1 to 1, but there are 2");
  EXPECT_EQ(error([](Records& r) {
              for (int i = 1; i < 256; ++i) r[kHeader].mutable_header()->add_domain_name("d");
            }),
            "names 256 domains; allowed: up to 255");
}

TEST(TraceContent, ExpertsThatContradictTheHeaderAreRefused) {
  const auto load = [](const RouterTrace& trace, std::uint32_t experts) {
    std::istringstream in(Saved(trace));
    LoadTraceOptions options;
    options.num_experts = experts;
    return LoadTrace(in, "x.trace", options);
  };
  EXPECT_TRUE(load(Small(), 4).ok());
  const auto refused = load(Small(), 8);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ToString(refused.errors()),
            "x.trace: error: has 4 experts by its own header, not 8 as asked for\n");
  // Of an imported .npy 4 is only the largest id plus one.
  RouterTrace inferred = Small();
  inferred.notes["experts"] = "inferred from the largest id";
  EXPECT_TRUE(load(inferred, 0).value().experts_inferred);
  EXPECT_EQ(load(inferred, 8).value().num_experts, 8U);
  EXPECT_FALSE(load(inferred, 8).value().experts_inferred);
  EXPECT_FALSE(load(inferred, 3).ok());
}

TEST(TraceContent, WithoutPositionsRunsOfASequenceFollowEachOther) {
  std::istringstream in(Saved(Small()));
  std::ostringstream out;
  TraceReader reader(in, "x.trace");
  TraceWriter writer(out);
  trace_pb::Record record;
  while (reader.Next(record).value()) {
    if (record.has_step()) record.mutable_step()->clear_position();
    if (!record.has_footer()) writer.Write(record);
  }
  writer.Finish();
  const auto trace = Load(out.str());
  ASSERT_TRUE(trace.ok()) << ToString(trace.errors());
  EXPECT_EQ(trace.value().runs[2].position, 2U) << "sequence 0 had two tokens";
  EXPECT_EQ(trace.value().runs[3].position, 1U);
}

TEST(TraceContent, WhatNoReaderWouldAcceptIsNotSaved) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                     ("trace_content_" + std::to_string(getpid()) + ".trace");
  RouterTrace trace = Small();
  trace.notes["long"] = std::string(1 << 20, 'x');
  const auto refused = SaveTrace(trace, file);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.errors().front().message.find("allowed: up to 1048576"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file));
  trace = Small();
  trace.gaps = {{7, 0, 1, std::string(1 << 20, 'x')}};
  EXPECT_FALSE(SaveTrace(trace, file).ok());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(TraceContent, AnNpyBesideSiblingsOfAnOlderOneIsRefused) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("trace_content_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  RouterTrace trace = Small();
  trace.runs = {{0, 3, 0}, {1, 2, 0}};
  EXPECT_TRUE(ExportNpy(trace, folder / "t.topk_ids.npy").ok());
  EXPECT_TRUE(ExportNpy(trace, folder / "t.topk_ids.npy").ok()) << "both are written anew";
  trace.runs = {{0, 5, 0}};
  const auto refused = ExportNpy(trace, folder / "t.topk_ids.npy");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.errors().front().message.find("t.seq_len.npy lies beside it"),
            std::string::npos);
  EXPECT_EQ(LoadTrace(folder / "t.topk_ids.npy").value().runs.size(), 2U) << "nothing is changed";
  std::filesystem::remove_all(folder);
}

TEST(TraceContent, AGapTakesNoMemoryThatIsNotAllowed) {
  // 2^32 - 1 tokens of two layers that were lost: 34 GB of "no choice" from a few bytes.
  const auto loaded = Load(Changed(Small(), [](Records& records) {
    records.resize(kLayer0);
    records[kStep].mutable_step()->clear_sequence_id();
    records[kStep].mutable_step()->clear_position();
    records[kStep].mutable_step()->set_tokens(0xffffffffU);
    records.push_back(Gap(7, 0, 2));
  }));
  EXPECT_EQ(ErrorOf(loaded), "x.trace: error: needs more memory than allowed for a trace");
}

}  // namespace
}  // namespace switchyard
