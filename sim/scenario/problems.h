// Collects everything wrong with a scenario, so that one run reports it all.
//
// Later checks ask Usable() before they look at a field, so that one mistake gives one message:
//
//   if (problems.Usable({"model.moe.top_k", "model.moe.num_experts"}) && top_k > num_experts) ...
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/scenario/config_node.h"

namespace switchyard {

// Where the value of each field stands: of scalars the value, of mappings their key.
class Locations {
 public:
  void Set(std::string path, Place place) { places_[std::move(path)] = std::move(place); }
  // True when the file gives the field.
  [[nodiscard]] bool Has(std::string_view path) const { return places_.contains(path); }
  // Of the field, or of the nearest field above it that the file names.
  [[nodiscard]] Place Find(std::string_view path) const;

 private:
  std::map<std::string, Place, std::less<>> places_;
};

class Problems {
 public:
  void Add(const Place& where, std::string path, std::string message);
  void Add(Diagnostics diagnostics);
  // The fields at and below `path` are not known, because a file could not be read.
  void MarkIncomplete(std::string path) { bad_paths_.push_back(std::move(path)); }

  // False when something at, above or below one of the paths is wrong.
  [[nodiscard]] bool Usable(std::initializer_list<std::string_view> paths) const;
  [[nodiscard]] bool empty() const { return diagnostics_.empty(); }
  // True when no more are taken: a file with a thousand mistakes needs no thousand messages.
  [[nodiscard]] bool full() const;
  // Sorted by place, files in the order in which they first appear.
  [[nodiscard]] Diagnostics Take();

 private:
  Diagnostics diagnostics_;
  std::vector<std::string> bad_paths_;
};

// "a.b"; just the name at the root.
[[nodiscard]] std::string JoinPath(std::string_view parent, std::string_view name);

}  // namespace switchyard
