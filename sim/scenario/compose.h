// From one file to one tree: `include` and `card` replaced by what they name.
//
// `include: path` (or a list of paths) in a mapping makes each file's mapping the base of that
// mapping; later files and then the keys written beside it override. `card: NAME` in `model` and
// `cluster` does the same with a card of the catalogue, `card: ./FILE.yaml` with any other. Paths
// are relative to the file that names them. A file that cannot be read is reported, and its mapping
// marked incomplete.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/scenario/cards.h"
#include "sim/scenario/config_node.h"
#include "sim/scenario/problems.h"

namespace google::protobuf {
class Descriptor;
}

namespace switchyard {

class Composer {
 public:
  // Without `allow_files` every include and card is an error; nothing is opened.
  Composer(std::filesystem::path data_root, bool allow_files, Problems& problems)
      : data_root_(std::move(data_root)), allow_files_(allow_files), problems_(problems) {}

  // Says which file the tree given to ResolveIncludes comes from, so that it cannot include itself.
  void SetRoot(const std::filesystem::path& file);
  // Resolves the includes of a tree whose root has the given type (or none).
  [[nodiscard]] ConfigNode ResolveIncludes(ConfigNode node,
                                           const google::protobuf::Descriptor* type,
                                           const std::string& path);
  // Replaces `card` in a `model` or `cluster` mapping, and in the cards that it leads to.
  [[nodiscard]] ConfigNode ResolveCard(CardKind kind, ConfigNode node);

 private:
  // A file that is asked for, and by whom.
  struct Request {
    std::filesystem::path file;
    Place where;
    std::string path;  // of the field that names it
  };

  // Reports and returns false when the file may not be opened here.
  bool Enter(const Request& request);
  void Leave() { chain_.pop_back(); }
  // Reads and parses; reports and returns an empty node on failure. Between Enter and Leave.
  [[nodiscard]] ConfigNode Read(const Request& request);
  // Puts one included file over `base`; false when it could not be read.
  bool AddInclude(const ConfigNode& name, const std::string& path,
                  const google::protobuf::Descriptor* type, ConfigNode& base);
  [[nodiscard]] ConfigNode ReadCard(CardKind kind, const Request& request);

  std::filesystem::path data_root_;
  bool allow_files_ = true;
  Problems& problems_;
  std::vector<std::filesystem::path> chain_;  // files being read, outermost first
  std::size_t files_read_ = 0;
  std::size_t bytes_read_ = 0;
};

}  // namespace switchyard
