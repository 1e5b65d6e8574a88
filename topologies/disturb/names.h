// Links, NICs and GPUs by name, for what users write.
//
//   const PlatformNames names(platform);
//   names.Links("n003.nic2>leaf2")   // one link
//   names.Links("n003.nic2")         // every link of the NIC, both directions
//   names.Links("leaf_spine")        // a tier: every link of it
//   names.Gpus("n003.*")             // the GPUs of a node; "25": GPU 25 of the cluster
//
// '*' stands for any text, also none. Each list is in the platform's order, without repetitions. A
// name that nothing has is an error that suggests one (without a location).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/result.h"
#include "topologies/platform.h"

namespace switchyard {

[[nodiscard]] bool MatchesPattern(std::string_view text, std::string_view pattern);

class PlatformNames {
 public:
  // `platform` must outlive it. Holds the name of every vertex.
  explicit PlatformNames(const Platform& platform);

  [[nodiscard]] Result<std::vector<LinkId>> Links(std::string_view name) const;
  // The links of the NICs of that name, both directions.
  [[nodiscard]] Result<std::vector<LinkId>> NicLinks(std::string_view name) const;
  [[nodiscard]] Result<std::vector<DeviceId>> Gpus(std::string_view name) const;

 private:
  [[nodiscard]] std::vector<std::string> KnownNames(std::optional<VertexKind> kind) const;
  [[nodiscard]] std::vector<bool> Vertices(std::string_view pattern,
                                           std::optional<VertexKind> kind) const;
  [[nodiscard]] std::vector<LinkId> LinksBetween(const std::vector<bool>& from,
                                                 const std::vector<bool>& to, bool both) const;
  [[nodiscard]] std::vector<LinkId> LinksOfTier(LinkTier tier) const;

  const Platform& platform_;
  std::vector<std::string> vertices_;                       // by vertex
  std::unordered_map<std::string_view, DeviceId> devices_;  // by name
};

}  // namespace switchyard
