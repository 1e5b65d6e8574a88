// What is wrong with a user's file, and where. Libraries return these; only the command line
// prints.
//
//   bad.yaml:4:3: error: cluster.gpu_per_node: unknown field; did you mean 'gpus_per_node'?
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

// A place in a file. Lines and columns count from 1; line 0 means the file as a whole, an empty
// file name a source that is not a file (the command line).
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;
};

struct Diagnostic {
  SourceLocation where;
  std::string path;     // dotted path of the field, e.g. "cluster.node.gpus"; may be empty
  std::string message;  // what was found, what is allowed; no trailing newline

  // "file:line:col: error: path: message", leaving out what is not known.
  [[nodiscard]] std::string ToString() const;
};

using Diagnostics = std::vector<Diagnostic>;

// A problem that has no place in a file.
[[nodiscard]] Diagnostic Problem(std::string message);

// All diagnostics, one a line, each line ended by '\n'.
[[nodiscard]] std::string ToString(const Diagnostics& diagnostics);

// The entry of `candidates` that a user who typed `found` most probably meant: the nearest by edit
// distance, when that is at most a third of the word's length (at least 1). Empty when none is
// near.
[[nodiscard]] std::string_view NearestName(std::string_view found,
                                           const std::vector<std::string>& candidates);

// "; did you mean 'x'?" or "; allowed: a, b, c": the tail of every message about a wrong name.
[[nodiscard]] std::string Suggestion(std::string_view found,
                                     const std::vector<std::string>& candidates);

}  // namespace switchyard
