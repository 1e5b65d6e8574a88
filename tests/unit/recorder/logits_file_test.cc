// Are logits read as they are, and files that contradict themselves refused with the reason?
#include "kernels/recorder/logits_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sim/routing/trace/npy.h"
#include "tests/unit/recorder/safetensors_text.h"

namespace switchyard::kernels {
namespace {

using testing::SafetensorsText;

SafetensorsText TwoLayers() {
  SafetensorsText text;
  text.Add<float>("logits.10", "F32", {3, 2}, {10, 11, 12, 13, 14, 15});
  text.Add<float>("logits.9", "F32", {3, 2}, {1, 2, 3, 4, 5, 6});
  text.Add<float>("bias.10", "F32", {2}, {0.5F, -0.5F});
  text.Add<std::int32_t>("sequence_lengths", "I32", {2}, {1, 2});
  text.Add<std::int32_t>("token_ids", "I32", {3}, {7, 8, 9});
  text.Add<std::uint8_t>("domains", "U8", {2}, {1, 0});
  text.Metadata("model_name", "toy").Metadata("domain_names", "prose,code");
  return text;
}

std::vector<float> Rows(const Logits& logits, std::size_t layer, std::uint64_t first,
                        std::uint32_t count) {
  std::vector<float> out(std::size_t{count} * logits.experts);
  logits.Read(layer, first, count, out.data());
  return out;
}

std::string ErrorOf(const std::string& bytes) {
  const Result<Logits> logits = ParseLogits(bytes, "l.safetensors");
  return logits.ok() ? "" : ToString(logits.errors());
}

TEST(LogitsFile, ReadsLayersInTheOrderOfTheModel) {
  const Result<Logits> read = ParseLogits(TwoLayers().Text(), "l.safetensors");
  ASSERT_TRUE(read.ok()) << ToString(read.errors());
  const Logits& logits = read.value();
  ASSERT_EQ(logits.layers.size(), 2U);
  EXPECT_EQ(logits.layers[0].layer_id, 9U);  // as numbers, not as text
  EXPECT_EQ(logits.layers[1].layer_id, 10U);
  EXPECT_EQ(Rows(logits, 0, 0, 3), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Rows(logits, 1, 1, 2), (std::vector<float>{12, 13, 14, 15}));
  EXPECT_TRUE(logits.layers[0].bias.empty());
  EXPECT_EQ(logits.layers[1].bias, (std::vector<float>{0.5F, -0.5F}));
  EXPECT_EQ(logits.sequence_lengths, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(logits.token_ids, (std::vector<std::uint32_t>{7, 8, 9}));
  EXPECT_EQ(logits.domains, (std::vector<std::uint8_t>{1, 0}));
  EXPECT_EQ(logits.metadata.at("model_name"), "toy");
}

// 1.5 is 0x3E00 as IEEE half and 0x3FC0 as bfloat16; the smallest half above 0 is 2^-24.
TEST(LogitsFile, SixteenBitLogitsBecomeFloatsExactly) {
  SafetensorsText half;
  half.Add<std::uint16_t>("logits.0", "F16", {1, 3}, {0x3E00, 0x0001, 0xFC00});
  const Result<Logits> f16 = ParseLogits(half.Text(), "l.safetensors");
  ASSERT_TRUE(f16.ok());
  EXPECT_EQ(Rows(f16.value(), 0, 0, 1), (std::vector<float>{1.5F, 0x1p-24F, -HUGE_VALF}));
  SafetensorsText brain;
  brain.Add<std::uint16_t>("logits.0", "BF16", {1, 2}, {0x3FC0, 0xC000});
  const Result<Logits> bf16 = ParseLogits(brain.Text(), "l.safetensors");
  ASSERT_TRUE(bf16.ok());
  EXPECT_EQ(Rows(bf16.value(), 0, 0, 1), (std::vector<float>{1.5F, -2.0F}));
}

TEST(LogitsFile, WithoutLengthsAllTokensAreOneSequence) {
  SafetensorsText text;
  text.Add<float>("logits.0", "F32", {2, 2}, {1, 2, 3, 4});
  const Result<Logits> logits = ParseLogits(text.Text(), "l.safetensors");
  ASSERT_TRUE(logits.ok());
  EXPECT_EQ(logits.value().sequence_lengths, (std::vector<std::uint32_t>{2}));
}

struct Wrong {
  const char* name;
  SafetensorsText text;
  const char* message;
};

TEST(LogitsFile, ShapesThatContradictEachOtherAreRefused) {
  const std::vector<float> six(6);
  const Wrong cases[] = {
      {"rows", TwoLayers().Add<float>("logits.11", "F32", {2, 3}, six), "'logits.11'"},
      {"flat", TwoLayers().Add<float>("logits.11", "F32", {6}, six), "[tokens, experts]"},
      {"type", TwoLayers().Add<double>("logits.11", "F64", {3, 2}, std::vector<double>(6)),
       "F32, F16 or BF16"},
      {"twice", TwoLayers().Add<float>("logits.09", "F32", {3, 2}, six), "layer 9 is there twice"},
      {"bias", TwoLayers().Add<float>("bias.9", "F32", {6}, six), "'bias.9': a bias is F32 [2]"},
  };
  for (const Wrong& wrong : cases) {
    const std::string error = ErrorOf(wrong.text.Text());
    EXPECT_NE(error.find(wrong.message), std::string::npos) << wrong.name << ": " << error;
  }
  EXPECT_NE(ErrorOf(SafetensorsText().Text()).find("no tensor logits"), std::string::npos);
}

TEST(LogitsFile, LengthsAndLabelsMustFitTheTokens) {
  SafetensorsText lengths;
  lengths.Add<float>("logits.0", "F32", {2, 2}, {1, 2, 3, 4});
  lengths.Add<std::int64_t>("sequence_lengths", "I64", {2}, {1, 2});
  EXPECT_NE(ErrorOf(lengths.Text()).find("the sequences have 3 tokens, the logits 2"),
            std::string::npos);
  SafetensorsText negative;
  negative.Add<float>("logits.0", "F32", {2, 2}, {1, 2, 3, 4});
  negative.Add<std::int64_t>("sequence_lengths", "I64", {2}, {-1, 3});
  EXPECT_NE(ErrorOf(negative.Text()).find("whole numbers"), std::string::npos);
  SafetensorsText zero;
  zero.Add<float>("logits.0", "F32", {2, 2}, {1, 2, 3, 4});
  zero.Add<std::int32_t>("sequence_lengths", "I32", {2}, {0, 2});
  EXPECT_NE(ErrorOf(zero.Text()).find("length 0"), std::string::npos);
  SafetensorsText domains;
  domains.Add<float>("logits.0", "F32", {2, 2}, {1, 2, 3, 4});
  domains.Add<std::uint8_t>("domains", "U8", {2}, {0, 1});
  EXPECT_NE(ErrorOf(domains.Text()).find("one for each sequence"), std::string::npos);
}

TEST(LogitsFile, DamagedHeadersAreRefused) {
  const SafetensorsText text = TwoLayers();
  const std::string good = text.Text();
  EXPECT_NE(ErrorOf("short").find("too short"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(8, '\xff') + "{}").find("not a .safetensors file"),
            std::string::npos);
  EXPECT_NE(ErrorOf(text.WithHeader("[1, 2]")).find("not a JSON object"), std::string::npos);
  EXPECT_NE(ErrorOf(text.WithHeader("{\"a\": ")).find("not a JSON object"), std::string::npos);
  EXPECT_NE(ErrorOf(good.substr(0, good.size() - 1)).find("outside the file"), std::string::npos);
  EXPECT_NE(ErrorOf(good + "x").find("leave gaps"), std::string::npos);
  const std::string deep(3'000'000, '[');
  EXPECT_NE(ErrorOf(text.WithHeader(deep)).find("nests too deeply"), std::string::npos);
  EXPECT_NE(ErrorOf(TwoLayers().Add<float>("bias.3", "F32", {2}, {0, 0}).Text())
                .find("'bias.3': there are no logits of that layer"),
            std::string::npos);
  const std::string huge = R"({"logits.0": {"dtype": "F32", "shape": [4294967296, 4294967296],
    "data_offsets": [0, 0]}})";
  EXPECT_NE(ErrorOf(text.WithHeader(huge)).find("not what its shape"), std::string::npos);
  const std::string backwards =
      R"({"logits.0": {"dtype": "F32", "shape": [0], "data_offsets": [8, 4]}})";
  EXPECT_NE(ErrorOf(text.WithHeader(backwards)).find("outside the file"), std::string::npos);
  EXPECT_NE(
      ErrorOf(text.WithHeader(R"({"x": {"dtype": "F31", "shape": [], "data_offsets": [0, 0]}})"))
          .find("unknown dtype 'F31'"),
      std::string::npos);
}

class NpyLogits : public ::testing::Test {
 protected:
  template <class T>
  std::filesystem::path Write(const std::string& name, NpyType type,
                              const std::vector<std::uint64_t>& shape,
                              const std::vector<T>& values) {
    NpyArray array{type, shape, std::string(values.size() * sizeof(T), '\0')};
    std::memcpy(array.data.data(), values.data(), array.data.size());
    const std::filesystem::path path =
        std::filesystem::path(::testing::TempDir()) / ("logits_" + name + ".npy");
    std::ofstream(path, std::ios::binary) << FormatNpy(array);
    return path;
  }
};

// [tokens, layers, experts]: token 1 of layer 2 lies at (1 * 3 + 2) * 2.
TEST_F(NpyLogits, LayersAreInterleavedTokenByToken) {
  std::vector<float> values(12);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  LogitsFileOptions options;
  options.first_layer = 3;
  options.sequence_lengths = Write<std::int32_t>("seq", NpyType::kI4, {2}, {1, 1});
  options.bias = Write<float>("bias", NpyType::kF4, {3, 2}, {0, 1, 2, 3, 4, 5});
  const auto read = LoadLogits(Write<float>("tle", NpyType::kF4, {2, 3, 2}, values), options);
  ASSERT_TRUE(read.ok()) << ToString(read.errors());
  EXPECT_EQ(read.value().layers[2].layer_id, 5U);
  EXPECT_EQ(Rows(read.value(), 2, 1, 1), (std::vector<float>{10, 11}));
  EXPECT_EQ(read.value().layers[1].bias, (std::vector<float>{2, 3}));
  EXPECT_EQ(read.value().sequence_lengths.size(), 2U);
}

TEST_F(NpyLogits, WrongShapesAndCompanionsAreRefused) {
  const auto integers = LoadLogits(Write<std::int32_t>("int", NpyType::kI4, {1, 2}, {1, 2}));
  ASSERT_FALSE(integers.ok());
  EXPECT_NE(ToString(integers.errors()).find("f2 or f4"), std::string::npos);
  const auto path = Write<float>("te", NpyType::kF4, {2, 2}, {1, 2, 3, 4});
  LogitsFileOptions options;
  options.sequence_lengths = Write<std::int32_t>("bad", NpyType::kI4, {1}, {3});
  options.bias = Write<float>("bad_bias", NpyType::kF4, {3}, {0, 1, 2});
  const auto both = LoadLogits(path, options);
  ASSERT_FALSE(both.ok());
  EXPECT_EQ(both.errors().size(), 2U);  // all at once
  EXPECT_FALSE(LoadLogits("logits.txt").ok());
}

}  // namespace
}  // namespace switchyard::kernels
