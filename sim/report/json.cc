#include "sim/report/json.h"

#include <nlohmann/json.hpp>

#include "sim/graph/labels.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

Json ToObject(const LoadResult& load) {
  return {{"max_over_mean", load.max_over_mean}, {"per_device_tokens", load.per_device_tokens}};
}

Json ToObject(const DropResult& drops) {
  return {{"choices_total", drops.choices_total},
          {"choices_dropped", drops.choices_dropped},
          {"tokens_fully_dropped", drops.tokens_fully_dropped}};
}

Json ToObject(const TrafficResult& traffic) {
  return {{"dispatch_bytes", traffic.dispatch_bytes},
          {"combine_bytes", traffic.combine_bytes},
          {"inter_node_bytes", traffic.inter_node_bytes},
          {"intra_node_bytes", traffic.intra_node_bytes},
          {"bytes_per_device_max", traffic.bytes_per_device_max}};
}

Json ToObject(const LinkResult& link) {
  return {{"name", link.name},
          {"tier", link.tier},
          {"bytes", link.bytes},
          {"busy_s", link.busy_s},
          {"utilization", link.utilization}};
}

Json ToObject(const MemoryResult& memory) {
  return {{"per_device_peak_bytes", memory.per_device_peak_bytes}, {"fits", memory.fits}};
}

Json ToObject(const EnergyResult& energy) {
  return {{"per_token_j", energy.per_token_j},
          {"compute_j", energy.compute_j},
          {"communication_j", energy.communication_j},
          {"idle_j", energy.idle_j},
          {"links_j", energy.links_j},
          {"switches_j", energy.switches_j}};
}

Json ToObject(const BatchingResult& batching) {
  return {{"tolerance", batching.tolerance},
          {"solves", batching.solves},
          {"widest_window_s", batching.widest_window_s}};
}

Json ToObject(const ConservationResult& conservation) {
  Json object = {{"tokens_in", conservation.tokens_in},
                 {"tokens_out", conservation.tokens_out},
                 {"bytes_sent", conservation.bytes_sent},
                 {"bytes_received", conservation.bytes_received},
                 {"ok", conservation.ok}};
  if (conservation.absent > 0) object["tokens_absent"] = conservation.absent;
  return object;
}

// A collective outside the layers has no "layer".
Json ToObject(const CollectiveResult& collective) {
  Json object = {{"name", collective.name}};
  if (collective.layer != kNoLayer) object["layer"] = collective.layer;
  object["time_s"] = collective.time_s;
  object["bytes"] = collective.bytes;
  return object;
}

Json ToObject(const SimResult& sim) {
  return {{"wall_s", sim.wall_s},
          {"events", sim.events},
          {"flows", sim.flows},
          {"peak_rss_bytes", sim.peak_rss_bytes}};
}

Json ToObject(const CriticalPathEntry& entry) {
  return {{"name", entry.name}, {"time_s", entry.time_s}, {"count", entry.count}};
}

template <class Row>
Json ToList(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) list.push_back(ToObject(row));
  return list;
}

Json ToObject(const std::vector<std::pair<std::string, double>>& breakdown) {
  Json object = Json::object();
  for (const auto& [name, seconds] : breakdown) object[name] = seconds;
  return object;
}

Json Comparable(const RunResult& result) {
  Json json = {{"schema_version", result.schema_version},
               {"scenario", result.scenario},
               {"seed", result.seed},
               {"fidelity", result.fidelity},
               {"step_time_s", result.step_time_s},
               {"tokens_per_s", result.tokens_per_s},
               {"tokens_per_s_per_device", result.tokens_per_s_per_device},
               {"breakdown_s", ToObject(result.breakdown_s)},
               {"exposed_comm_s", result.exposed_comm_s},
               {"overlap_fraction", result.overlap_fraction},
               {"slowest_device", result.slowest_device},
               {"critical_path", ToList(result.critical_path)}};
  if (result.load) json["load"] = ToObject(*result.load);
  if (result.drops) json["drops"] = ToObject(*result.drops);
  json["traffic"] = ToObject(result.traffic);
  json["links"] = ToList(result.links);
  json["memory"] = ToObject(result.memory);
  if (result.energy) {
    json["energy_j"] = result.energy->total_j;
    json["energy"] = ToObject(*result.energy);
  }
  json["conservation"] = ToObject(result.conservation);
  json["collectives"] = ToList(result.collectives);
  json["network_model"] = result.network_model;
  if (result.batching) json["batching"] = ToObject(*result.batching);
  json["assumptions"] = result.assumptions;
  return json;
}

// Names come from files: bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string Render(const Json& json) {
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ToJson(const RunResult& result) {
  Json json = Comparable(result);
  json["sim"] = ToObject(result.sim);
  return Render(json);
}

std::string ToComparableJson(const RunResult& result) { return Render(Comparable(result)); }

}  // namespace switchyard
