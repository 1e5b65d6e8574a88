// Presets and names: every preset is legal for every shape, says what it is, and does what the
// framework it names does.
#include "kernels/presets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "kernels/names.h"

namespace switchyard::kernels {
namespace {

TEST(Presets, AreFourteenSortedByName) {
  std::vector<std::string_view> names;
  for (const RouterPreset& preset : RouterPresets()) names.push_back(preset.name);
  EXPECT_EQ(names,
            (std::vector<std::string_view>{"deepseek_v2", "deepseek_v3", "deepspeed", "fairseq_moe",
                                           "gpt_oss", "gshard", "llama4", "megablocks", "megatron",
                                           "mixtral", "olmoe", "qwen3_moe", "switch", "tutel"}));
}

TEST(Presets, AreFoundByNameOnly) {
  EXPECT_EQ(FindPreset("mixtral")->experts, 8);
  EXPECT_EQ(FindPreset("Mixtral"), nullptr);
  EXPECT_EQ(FindPreset(""), nullptr);
}

TEST(Presets, AreValidForEveryLegalShape) {
  constexpr std::uint16_t kExperts[] = {1, 2, 7, 8, 16, 31, 33, 64, 96, 160, 256, 896, 4096};
  for (const RouterPreset& preset : RouterPresets()) {
    EXPECT_EQ(preset.Route(preset.experts, preset.top_k), preset.route) << preset.name;
    EXPECT_TRUE(Validate(preset.capacity).ok()) << preset.name;
    for (const std::uint16_t experts : kExperts) {
      for (std::uint16_t top_k = 1; top_k <= std::min<unsigned>(experts, kMaxTopK); ++top_k) {
        const RouteSpec route = preset.Route(experts, top_k);
        const Status s = Validate(route);
        ASSERT_TRUE(s.ok()) << preset.name << " " << experts << " " << top_k << ": " << s.what;
        ASSERT_EQ(route.experts, experts);
        ASSERT_EQ(route.top_k, top_k);
      }
    }
  }
}

TEST(Presets, KeepTheGroupLimitWhereItFits) {
  const RouterPreset* v3 = FindPreset("deepseek_v3");
  EXPECT_EQ(v3->Route(64, 4).groups, 8);
  EXPECT_EQ(v3->Route(60, 4).groups, 1) << "60 experts are no 8 groups";
  EXPECT_EQ(v3->Route(16, 9).groups, 1) << "4 groups of 2 have no 9 experts";
  EXPECT_EQ(v3->Route(8, 4).group_score, GroupScore::kNone) << "no top-2 in a group of one";
}

TEST(Presets, NormaliseATopOneAsTheirFrameworkDoes) {
  EXPECT_EQ(FindPreset("tutel")->Route(32, 1).renormalise, Renormalise::kNone);
  EXPECT_EQ(FindPreset("tutel")->Route(32, 2).renormalise, Renormalise::kClampEps);
  EXPECT_EQ(FindPreset("mixtral")->Route(8, 1).renormalise, Renormalise::kSum);
}

// Slots of one expert for 4097 tokens, 60 experts and top-2, from each formula; no division is
// exact: T / E = 68.283, T K / E = 136.567.
TEST(Presets, HaveTheCapacityOfTheirFramework) {
  const auto capacity = [](std::string_view name) {
    return CapacityOf(FindPreset(name)->capacity.rule, 4097, 60, 2);
  };
  EXPECT_EQ(capacity("switch"), 85U) << "int(1.25 * 68.283) = int(85.354)";
  EXPECT_EQ(capacity("gshard"), 136U) << "int(2 * 68.283) = int(136.567)";
  EXPECT_EQ(capacity("fairseq_moe"), 138U) << "2 * ceil(68.283) = 2 * 69";
  EXPECT_EQ(capacity("megatron"), 137U) << "ceil(136.567)";
  EXPECT_EQ(capacity("deepspeed"), 137U) << "ceil(68.283 * 2)";
  EXPECT_EQ(capacity("tutel"), 138U) << "2 * int(ceil(68.283)) = 2 * 69";
  EXPECT_EQ(capacity("megablocks"), 136U) << "int(136.567)";
}

TEST(Presets, NameTheirSourceOnce) {
  for (const RouterPreset& preset : RouterPresets()) {
    EXPECT_NE(preset.source.find('/'), std::string_view::npos) << preset.name;
    EXPECT_NE(preset.source.find(".py: "), std::string_view::npos) << preset.name;
  }
}

TEST(Descriptions, SayWhatASpecificationDoes) {
  const auto route = [](std::string_view name) { return Describe(FindPreset(name)->route); };
  const auto capacity = [](std::string_view name) { return Describe(FindPreset(name)->capacity); };
  EXPECT_EQ(route("mixtral"), "top-2 of 8 by logit; weights softmax / sum");
  EXPECT_EQ(route("deepseek_v3"),
            "top-8 of 256 by sigmoid + bias, 4 of 8 groups by sum of top-2; weights sigmoid / sum "
            "* 2.5");
  EXPECT_EQ(route("deepseek_v2"),
            "top-6 of 160 by logit, 3 of 8 groups by max; weights softmax * 16");
  EXPECT_EQ(route("gshard"), "top-2 of 2048 by logit; weights softmax / (sum + 1e-09)");
  EXPECT_EQ(route("llama4"), "top-1 of 128 by logit; weights sigmoid_of_logit");
  EXPECT_EQ(capacity("mixtral"), "dropless; slots in order of tokens");
  EXPECT_EQ(capacity("switch"),
            "floor(5/4 T / E) in double, the product first, at least 4 slots, drop by position, "
            "choice_major; slots in order of service");
  EXPECT_EQ(capacity("fairseq_moe"),
            "K floor(1 ceil(T / E)) slots, drop by position, choice_major; slots in order of "
            "service; survivors' weights / max(sum, 1.1920929e-07)");
  EXPECT_EQ(capacity("deepspeed"),
            "ceil(1 T K / E) in float, at least 4 slots, drop by random; slots in order of tokens; "
            "seed 0");
}

// Two presets that route or drop differently are described differently.
TEST(Descriptions, TellSpecificationsApart) {
  for (const RouterPreset& a : RouterPresets()) {
    for (const RouterPreset& b : RouterPresets()) {
      EXPECT_EQ(a.Route(64, 2) == b.Route(64, 2),
                Describe(a.Route(64, 2)) == Describe(b.Route(64, 2)))
          << a.name << " " << b.name;
      EXPECT_EQ(a.capacity == b.capacity, Describe(a.capacity) == Describe(b.capacity))
          << a.name << " " << b.name;
    }
  }
}

template <class Enum>
class EveryEnum : public testing::Test {};
using Enums =
    testing::Types<ScoreFunction, SelectOn, WeightFrom, Renormalise, GroupScore, MaskedGroups,
                   NanRule, TieRule, CapacityRule::Base, CapacityRule::TimesK, CapacityRule::Round,
                   DropBy, ChoiceOrder, SlotOrder, NormaliseWhen, StatusCode>;
TYPED_TEST_SUITE(EveryEnum, Enums);

TYPED_TEST(EveryEnum, HasNamesThatLeadBackToItsValues) {
  std::set<std::string_view> seen;
  for (const std::string_view name : NamesOf<TypeParam>()) {
    const auto value = FromName<TypeParam>(name);
    ASSERT_TRUE(value.has_value());
    EXPECT_EQ(NameOf(*value), name);
    EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
  }
  EXPECT_FALSE(FromName<TypeParam>("no such name").has_value());
  EXPECT_EQ(NameOf(static_cast<TypeParam>(200)), "?");
}

}  // namespace
}  // namespace switchyard::kernels
