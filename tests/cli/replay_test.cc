// Do recorded router decisions arrive in the simulation unchanged? Recounted straight from the
// .npy.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/trace/npy.h"
#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

constexpr std::size_t kDevices = 16;
constexpr std::size_t kTokensPerDevice = 512;
constexpr std::size_t kExpertsPerDevice = 64 / kDevices;  // DeepSeek-V2-Lite, linear placement

// Token-expert pairs by device, over all layers, of the step that starts at the trace's first
// token.
std::vector<std::uint64_t> Recount(const std::string& npy) {
  Result<NpyArray> ids = ReadNpy(npy, std::size_t{1} << 30);
  if (!ids.ok()) {
    ADD_FAILURE() << ToString(ids.errors());
    return {};
  }
  const auto& shape = ids.value().shape;  // [tokens, layers, top_k], one byte each
  const std::size_t choices_per_token = shape[1] * shape[2];
  std::vector<std::uint64_t> tokens(kDevices);
  for (std::size_t t = 0; t < kDevices * kTokensPerDevice; ++t) {
    const std::size_t row = t % shape[0] * choices_per_token;
    for (std::size_t c = 0; c < choices_per_token; ++c) {
      ++tokens[static_cast<std::uint8_t>(ids.value().data[row + c]) / kExpertsPerDevice];
    }
  }
  return tokens;
}

void ExpectReplayed(const std::string& npy) {
  const auto result = ResultOf(InRepository("scenarios/deepseek_v2_lite_ep16_prefill.yaml"),
                               {"--set", "routing.trace.path=" + npy});
  EXPECT_EQ(result["load"]["per_device_tokens"].get<std::vector<std::uint64_t>>(), Recount(npy));
}

TEST(Replay, PerDeviceTokensEqualARecountOfTheTrace) {
  // Decisions drawn here, shorter than the step so that the trace repeats.
  constexpr std::size_t kTokens = 3000, kLayers = 26, kTopK = 6;
  Rng rng(5);
  NpyArray ids;
  ids.type = NpyType::kU1;
  ids.shape = {kTokens, kLayers, kTopK};
  for (std::size_t row = 0; row < kTokens * kLayers; ++row) {
    const std::uint64_t first = rng.Below(64);
    for (std::size_t j = 0; j < kTopK; ++j) {
      ids.data.push_back(static_cast<char>((first * first / 64 + j * 5) % 64));
    }
  }
  const TemporaryFolder folder;
  const std::string file = folder.path() / "drawn.topk_ids.npy";
  std::ofstream(file, std::ios::binary) << FormatNpy(ids);
  ExpectReplayed(file);
}

TEST(Replay, EsftRoutingLogs) {
  const std::string folder = InRepository("../shared/data/esft_deepseek_v2_lite/");
  for (const char* task : {"intent", "law", "summary", "translation"}) {
    const std::string file = folder + task + ".topk_ids.npy";
    if (!std::filesystem::exists(file)) {
      GTEST_SKIP() << "the ESFT routing logs are not here (" << file << ")";
    }
    ExpectReplayed(file);
  }
}

}  // namespace
}  // namespace switchyard::testing
