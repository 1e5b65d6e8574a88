// Where a command's results go: planned before the work, written as a set after it.
//
//   OutputPlan plan;
//   plan.Reads("the scenario", "q.yaml");
//   plan.Writes("--json", "q.json");
//   if (const auto e = plan.Check(); !e.ok()) return ComplainOfUsage(e.errors());
//   if (const auto e = plan.MakeFolders(); !e.ok()) return Complain(e.errors());
//   ... the work ...
//   OutputSet set;
//   set.Add("q.json", text);
//   Result<void> written = set.Commit();  // all of them, or none
//
// "-" is standard output.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/file.h"
#include "sim/base/result.h"

namespace switchyard {

class OutputPlan {
 public:
  OutputPlan() = default;
  ~OutputPlan();  // removes the folders it made that have stayed empty
  OutputPlan(const OutputPlan&) = delete;
  OutputPlan& operator=(const OutputPlan&) = delete;

  // `what` names the file in messages: "the scenario", "--json".
  void Reads(std::string what, const std::string& file);
  void Writes(std::string what, const std::string& file);

  // Wrong usage: two outputs that are one file or both standard output, or an output that is an
  // input. Paths are compared with links followed.
  [[nodiscard]] Result<void> Check() const;
  // Makes the folders of the outputs; fails when an output cannot be written into its folder.
  [[nodiscard]] Result<void> MakeFolders();

 private:
  struct Entry {
    std::string what;
    std::string file;
    std::filesystem::path canonical;
  };
  [[nodiscard]] static Entry MakeEntry(std::string what, const std::string& file);
  [[nodiscard]] Result<void> MakeFolder(const std::filesystem::path& folder);

  std::vector<Entry> inputs_;
  std::vector<Entry> outputs_;
  std::vector<std::filesystem::path> made_;
};

// Nothing is visible before Commit; standard output comes last. Disks that fail between two renames
// can still leave a part of the set.
class OutputSet {
 public:
  using Writer = std::function<Result<void>(std::ostream&)>;
  void Add(const std::string& file, const Writer& write);
  void Add(const std::string& file, const std::string& content);
  // Fails, with every problem met so far, before the first file is in its place.
  [[nodiscard]] Result<void> Commit();

 private:
  std::vector<std::unique_ptr<AtomicFile>> files_;
  std::string standard_output_;
  Diagnostics errors_;
};

// Whether `file` exists and is neither a file nor a folder: a pipe, /dev/null.
[[nodiscard]] bool IsDevice(const std::string& file);

}  // namespace switchyard
