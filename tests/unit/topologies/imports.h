// Small topology files and what imports make of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/topologies/clusters.h"
#include "topologies/import/import.h"

namespace switchyard::testing {

// A card of a machine with 4 GPUs on NVSwitch, to complete from.
inline ClusterSpec FourGpuCard() {
  ClusterSpec card = OneNode();
  card.name = "card";
  card.device.name = "TESTGPU";
  card.device.memory_capacity = 80_GB;
  card.device.memory_bandwidth = 3000_GBps;
  card.device.bf16_rate = 900_TFLOPs;
  card.node.gpus = 4;
  card.node.host_memory_capacity = 1024_GiB;
  return card;
}

struct Imported {
  ImportedCluster cluster;
  Platform platform;
};

inline ImportOptions From(const ClusterSpec& card) {
  ImportOptions options;
  options.by.card = &card;
  options.by.card_name = "four";
  return options;
}

inline Imported Import(const std::string& text, const ImportOptions& options = {}) {
  Result<ImportedCluster> cluster = ImportTopology(text, "t", options);
  if (!cluster.ok()) {
    ADD_FAILURE() << ToString(cluster.errors());
    return {};
  }
  Result<Platform> platform = BuildPlatform(cluster.value().spec);
  if (!platform.ok()) {
    ADD_FAILURE() << ToString(platform.errors());
    return {};
  }
  return {std::move(cluster).value(), std::move(platform).value()};
}

// The messages of a refused file; "imported" when it was not refused.
inline std::string Refusal(const std::string& text, const ImportOptions& options = {}) {
  const Result<ImportedCluster> cluster = ImportTopology(text, "t", options);
  return cluster.ok() ? "imported" : ToString(cluster.errors());
}

// "gpu0 nvswitch 41.2" for every link, in GB/s.
inline std::vector<std::string> Links(const ImportedCluster& cluster) {
  std::vector<std::string> links;
  for (const NamedLinkSpec& link : cluster.spec.node.links) {
    std::string rate = std::to_string(link.link.bandwidth.value / 1e9);
    rate.erase(rate.find_last_not_of('0') + 1);
    if (rate.back() == '.') rate.pop_back();
    links.push_back(link.a + " " + link.b + " " + rate);
  }
  return links;
}

inline bool Assumes(const ImportedCluster& cluster, const std::string& part) {
  for (const std::string& assumption : cluster.assumptions) {
    if (assumption.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace switchyard::testing
