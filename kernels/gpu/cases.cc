#include "kernels/gpu/cases.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "kernels/gpu/hash.h"
#include "kernels/presets.h"

namespace switchyard::kernels::gpu {
namespace {

struct Shape {
  std::uint16_t experts;
  std::uint16_t top_k;
};

// First come, first served at factor 1, all first choices first, survivors normalised again: uses
// more of AssignSlots than any other rule.
CapacitySpec Choosy() {
  CapacitySpec capacity;
  capacity.drop = DropBy::kPosition;
  capacity.order = ChoiceOrder::kChoiceMajor;
  capacity.normalise = NormaliseWhen::kAfterDrop;
  return capacity;
}

RouteSpec SumNormalised(const Shape& shape) {
  RouteSpec route;
  route.experts = shape.experts;
  route.top_k = shape.top_k;
  route.renormalise = Renormalise::kSum;
  return route;
}

class Cases {
 public:
  Case& Add(std::string name, const RouteSpec& route, std::uint32_t tokens) {
    Case c;
    c.name = std::move(name);
    c.route = route;
    c.tokens = tokens;
    // From the name, so that no case depends on which others there are.
    c.seed = Fnv1a(std::as_bytes(std::span(c.name)));
    cases_.push_back(std::move(c));
    return cases_.back();
  }
  std::vector<Case> Take() { return std::move(cases_); }

 private:
  std::vector<Case> cases_;
};

// Router and drop rule of each framework in the published shape.
void AddPresets(Cases& cases) {
  for (const RouterPreset& preset : RouterPresets()) {
    const std::string name = "preset/" + std::string(preset.name);
    Case& few = cases.Add(name + "/t33", preset.Route(preset.experts, preset.top_k), 33);
    few.capacity = preset.capacity;
    few.small = true;
    Case& many = cases.Add(name + "/t1000/skewed", few.route, 1000);
    many.capacity = preset.capacity;
    many.input = InputKind::kSkewed;
  }
}

void AddTokens(Cases& cases) {
  const std::array<std::pair<std::uint32_t, Shape>, 7> sizes = {{
      {0, {8, 2}},
      {1, {256, 8}},
      {31, {64, 6}},
      {32, {128, 4}},
      {33, {16, 16}},
      {4095, {256, 8}},
      {65537, {8, 2}},
  }};
  for (const auto& [tokens, shape] : sizes) {
    const RouteSpec route = FindPreset("deepseek_v3")->Route(shape.experts, shape.top_k);
    Case& c = cases.Add("tokens/" + std::to_string(tokens), route, tokens);
    c.capacity = Choosy();
    c.input = InputKind::kOdd;
    c.small = tokens <= 33;
  }
}

void AddExperts(Cases& cases) {
  const std::array<Shape, 12> shapes = {{{1, 1},
                                         {2, 2},
                                         {7, 7},
                                         {31, 8},
                                         {33, 16},
                                         {64, 64},
                                         {96, 22},
                                         {192, 32},
                                         {384, 64},
                                         {896, 16},
                                         {1024, 1},
                                         {4096, 64}}};
  for (const Shape& shape : shapes) {
    const std::string name = std::to_string(shape.experts) + "x" + std::to_string(shape.top_k);
    Case& c = cases.Add("experts/" + name, SumNormalised(shape), 33);
    c.capacity = Choosy();
    c.input = InputKind::kOdd;
    c.small = true;
  }
}

void AddGroups(Cases& cases) {
  const std::array<std::array<std::uint16_t, 3>, 5> limits = {
      {{1, 1, 2}, {2, 1, 2}, {8, 3, 2}, {8, 4, 5}, {64, 12, 1}}};
  for (const auto& [groups, kept, top_n] : limits) {
    RouteSpec route = FindPreset("deepseek_v3")->Route(64, 8);
    route.groups = groups;
    route.topk_groups = kept;
    route.group_top_n = top_n;
    const std::string name = "groups/" + std::to_string(kept) + "of" + std::to_string(groups);
    Case& sum = cases.Add(name + "/top" + std::to_string(top_n), route, 65);
    sum.input = groups == 8 ? InputKind::kOdd : InputKind::kTies;
    sum.small = true;
  }
  RouteSpec route = FindPreset("deepseek_v2")->Route(160, 6);
  route.masked = MaskedGroups::kZeroKey;
  cases.Add("groups/max/zero_key/ties", route, 65).input = InputKind::kTies;
  cases.Add("groups/max/zero_key/odd", route, 65).input = InputKind::kOdd;
}

// Every score, selection, weight and normalisation at least once with ties and with odd values.
void AddScores(Cases& cases) {
  struct Row {
    std::string_view name;
    ScoreFunction score;
    SelectOn select;
    WeightFrom weight;
    Renormalise renormalise;
  };
  using W = WeightFrom;
  constexpr std::array<Row, 6> kRows = {{
      {"softmax_score", ScoreFunction::kSoftmax, SelectOn::kScore, W::kScore, Renormalise::kL2},
      {"softmax_bias", ScoreFunction::kSoftmax, SelectOn::kScorePlusBias, W::kScore,
       Renormalise::kClampEps},
      {"sigmoid_score", ScoreFunction::kSigmoid, SelectOn::kScore, W::kScore,
       Renormalise::kSumPlusEps},
      {"sqrt_softplus_bias", ScoreFunction::kSqrtSoftplus, SelectOn::kScorePlusBias, W::kScore,
       Renormalise::kSum},
      {"logit_uniform", ScoreFunction::kIdentity, SelectOn::kLogit, W::kUniform,
       Renormalise::kNone},
      {"logit_softmax_top_k", ScoreFunction::kIdentity, SelectOn::kScore, W::kSoftmaxOverTopK,
       Renormalise::kNone},
  }};
  for (const Row& row : kRows) {
    RouteSpec route = SumNormalised({100, 12});
    route.score = row.score;
    route.select = row.select;
    route.weight = row.weight;
    route.renormalise = row.renormalise;
    route.renormalise_eps = 1e-2F;
    route.route_scale = 2.5F;
    const std::string name = "score/" + std::string(row.name);
    Case& ties = cases.Add(name + "/ties", route, 129);
    ties.input = InputKind::kTies;
    ties.small = true;
    cases.Add(name + "/odd", route, 129).input = InputKind::kOdd;
  }
}

void AddCompatibility(Cases& cases) {
  RouteSpec route = SumNormalised({64, 6});
  route.select = SelectOn::kScore;
  route.nan = NanRule::kAsZeroScore;
  cases.Add("nan/as_zero_score", route, 129).input = InputKind::kOdd;
  route.nan = NanRule::kAsLargest;
  cases.Add("nan/as_largest", route, 129).input = InputKind::kOdd;
  route.nan = NanRule::kLastAndFlag;
  route.tie = TieRule::kTransformerEngineNaive;
  cases.Add("tie/transformer_engine/ties", route, 129).input = InputKind::kTies;
  cases.Add("tie/transformer_engine/odd", route, 129).input = InputKind::kOdd;
}

void AddHalves(Cases& cases) {
  for (const LogitType type : {LogitType::kBf16, LogitType::kFp16}) {
    const std::string name = type == LogitType::kBf16 ? "logits/bf16" : "logits/fp16";
    Case& ordinary = cases.Add(name, FindPreset("deepseek_v3")->Route(256, 8), 257);
    ordinary.type = type;
    ordinary.small = true;
    Case& odd = cases.Add(name + "/odd", SumNormalised({72, 8}), 257);
    odd.type = type;
    odd.input = InputKind::kOdd;
  }
}

void AddDrop(Cases& cases, const std::string& name, const CapacitySpec& capacity) {
  Case& c = cases.Add("drop/" + name, SumNormalised({24, 4}), 600);
  c.capacity = capacity;
  c.capacity.seed = 11;
  const bool ties = capacity.order == ChoiceOrder::kChoiceMajor ||
                    capacity.normalise == NormaliseWhen::kAfterDrop;
  c.input = ties ? InputKind::kTies : InputKind::kSkewed;
  c.tile = 8;
  c.small = true;
}

void AddDrops(Cases& cases) {
  const std::array<std::pair<std::string_view, DropBy>, 3> ordered = {
      {{"none", DropBy::kNone},
       {"position", DropBy::kPosition},
       {"token_priority", DropBy::kTokenPriority}}};
  const std::array<std::pair<std::string_view, DropBy>, 3> others = {
      {{"weight", DropBy::kWeight},
       {"random", DropBy::kRandom},
       {"no_token_left_behind", DropBy::kNoTokenLeftBehind}}};
  CapacitySpec spec;
  for (const SlotOrder slots : {SlotOrder::kTokenOrder, SlotOrder::kPriority}) {
    spec.slots = slots;
    const std::string order = slots == SlotOrder::kPriority ? "/priority" : "/token_order";
    for (const auto& [name, drop] : ordered) {
      spec.drop = drop;
      spec.order = ChoiceOrder::kTokenMajor;
      AddDrop(cases, std::string(name) + order + "/token_major", spec);
      spec.order = ChoiceOrder::kChoiceMajor;
      AddDrop(cases, std::string(name) + order + "/choice_major", spec);
    }
    for (const auto& [name, drop] : others) {
      spec.drop = drop;
      spec.normalise = NormaliseWhen::kBeforeDrop;
      spec.order = ChoiceOrder::kTokenMajor;
      AddDrop(cases, std::string(name) + order, spec);
      spec.normalise = NormaliseWhen::kAfterDrop;
      spec.normalise_eps = 1e-3F;
      AddDrop(cases, std::string(name) + order + "/normalised", spec);
    }
    spec.normalise = NormaliseWhen::kBeforeDrop;
  }
}

void AddLayouts(Cases& cases) {
  Case& many_ranks = cases.Add("layout/ranks65/nodes9/tile1", SumNormalised({130, 8}), 257);
  many_ranks.ranks = 65;
  many_ranks.nodes = 9;
  many_ranks.tile = 1;
  many_ranks.small = true;
  Case& large_tile = cases.Add("layout/ranks1/nodes1/tile128", SumNormalised({40, 2}), 2049);
  large_tile.ranks = 1;
  large_tile.nodes = 1;
  large_tile.tile = 128;
}

void AddHashes(Cases& cases) {
  Case& few = cases.Add("hash/32x1", SumNormalised({32, 1}), 300);
  few.operation = Operation::kHash;
  few.capacity = Choosy();
  few.small = true;
  Case& many = cases.Add("hash/96x4", SumNormalised({96, 4}), 5000);
  many.operation = Operation::kHash;
}

void AddExpertChoices(Cases& cases) {
  struct Row {
    std::string_view name;
    std::uint16_t experts;
    std::uint32_t tokens;
    std::uint32_t capacity;
    bool over_tokens;
    bool divide;
    InputKind input;
  };
  constexpr std::array<Row, 5> kRows = {{
      {"64/of_experts", 64, 500, 16, false, false, InputKind::kNormal},
      {"64/of_tokens", 64, 500, 16, true, true, InputKind::kTies},
      {"7/odd", 7, 129, 40, false, true, InputKind::kOdd},
      {"7/of_tokens/odd", 7, 129, 40, true, false, InputKind::kOdd},
      {"16/all_tokens", 16, 33, 64, false, false, InputKind::kSkewed},
  }};
  for (const Row& row : kRows) {
    const std::string name = "expert_choice/" + std::string(row.name);
    Case& c = cases.Add(name, SumNormalised({row.experts, 1}), row.tokens);
    c.operation = Operation::kExpertChoice;
    c.expert_choice = {row.experts, row.capacity, row.over_tokens, row.divide};
    c.input = row.input;
    c.small = true;
  }
}

}  // namespace

std::vector<Case> AllCases() {
  Cases cases;
  AddPresets(cases);
  AddTokens(cases);
  AddExperts(cases);
  AddGroups(cases);
  AddScores(cases);
  AddCompatibility(cases);
  AddHalves(cases);
  AddDrops(cases);
  AddLayouts(cases);
  AddHashes(cases);
  AddExpertChoices(cases);
  return cases.Take();
}

}  // namespace switchyard::kernels::gpu
