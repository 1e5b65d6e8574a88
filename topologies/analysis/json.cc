#include <nlohmann/json.hpp>

#include "topologies/analysis/report.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

Json Matrix(const TopologyAnalysis& analysis) {
  Json rows = Json::array();
  for (std::size_t from = 0; from < analysis.num_gpus; ++from) {
    Json row = Json::array();
    for (std::size_t to = 0; to < analysis.num_gpus; ++to) {
      row.push_back(analysis.gpu_pair_bandwidth[from * analysis.num_gpus + to].value);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Json Pairs(const Platform& platform, const TopologyAnalysis& analysis) {
  Json list = Json::array();
  for (const PairSummary& summary : analysis.pairs) {
    const PairClass& pairs = summary.pairs;
    list.push_back({{"example",
                     {platform.VertexName(platform.gpu(pairs.from)),
                      platform.VertexName(platform.gpu(pairs.to))}},
                    {"pairs", pairs.pairs},
                    {"links", pairs.links},
                    {"bandwidth", pairs.bandwidth.value},
                    {"latency_s", pairs.latency.value}});
    if (summary.max_flow) list.back()["max_flow"] = summary.max_flow->value;
  }
  return list;
}

Json FailureNames(const Platform& platform, const FailurePoints& points) {
  Json names = Json::array();
  for (const VertexId v : points.vertices) {
    if (names.size() < kMaxListedFailurePoints) names.push_back(platform.VertexName(v));
  }
  for (const LinkId l : points.links) {
    if (names.size() < kMaxListedFailurePoints) names.push_back(platform.LinkName(l));
  }
  return {{"count", points.vertices.size() + points.links.size()}, {"names", std::move(names)}};
}

void AddWholePlatform(const Platform& platform, const TopologyAnalysis& analysis, Json& json) {
  if (analysis.bisection) {
    json["bisection_bandwidth"] = analysis.bisection->bandwidth.value;
    Json& cut = json["bisection_cut"] = Json::object();
    for (std::size_t tier = 0; tier < kNumLinkTiers; ++tier) {
      const double capacity = analysis.bisection->cut[tier].value;
      if (capacity > 0) cut[std::string(ToString(static_cast<LinkTier>(tier)))] = capacity;
    }
  }
  if (analysis.all_to_all) {
    const AllToAllBound& bound = *analysis.all_to_all;
    json["all_to_all"] = {
        {"seconds_per_byte_and_pair", bound.per_byte.value},
        {"bandwidth_per_gpu", static_cast<double>(analysis.num_gpus - 1) / bound.per_byte.value},
        {"bottleneck", platform.LinkName(bound.bottleneck)}};
  }
  if (analysis.all_to_all_cut) {
    const AllToAllCut& cut = *analysis.all_to_all_cut;
    json["all_to_all_any_paths"] = {
        {"seconds_per_byte_and_pair", cut.per_byte.value},
        {"bandwidth_per_gpu", static_cast<double>(analysis.num_gpus - 1) / cut.per_byte.value},
        {"sending_gpus", cut.gpus},
        {"first", platform.VertexName(platform.gpu(cut.first))},
        {"max_flow", cut.max_flow.value}};
  }
}

// By tier the largest ratio, then every layer.
void AddOversubscription(const Platform& platform, const TopologyAnalysis& analysis, Json& json) {
  Json ratios = Json::object();
  Json layers = Json::array();
  for (const Oversubscription& layer : analysis.oversubscription) {
    const std::string tier(ToString(layer.tier));
    if (!ratios.contains(tier) || ratios[tier] < layer.ratio) ratios[tier] = layer.ratio;
    layers.push_back({{"from", ToString(layer.from)},
                      {"to", ToString(layer.to)},
                      {"sideways", layer.sideways},
                      {"tier", tier},
                      {"ratio", layer.ratio},
                      {"at", platform.VertexName(layer.at)}});
  }
  json["oversubscription"] = std::move(ratios);
  json["oversubscription_layers"] = std::move(layers);
}

}  // namespace

std::string ToJson(const Platform& platform, const TopologyAnalysis& analysis,
                   const std::vector<std::string>& assumptions) {
  constexpr int kIndent = 1;
  Json json;
  json["num_gpus"] = analysis.num_gpus;
  json["num_nics"] = analysis.num_nics;
  json["num_nodes"] = analysis.num_nodes;
  if (!assumptions.empty()) json["assumptions"] = assumptions;
  json["path_selector"] = analysis.path_selector;
  AddWholePlatform(platform, analysis, json);
  AddOversubscription(platform, analysis, json);
  json["unreachable_pairs"] = analysis.unreachable_pairs;
  json["single_points_of_failure"] = FailureNames(platform, analysis.failure_points);
  json["pair_classes"] = Pairs(platform, analysis);
  if (!analysis.gpu_pair_bandwidth.empty()) json["gpu_pair_bandwidth"] = Matrix(analysis);
  return json.dump(kIndent) + "\n";
}

}  // namespace switchyard
