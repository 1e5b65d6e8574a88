// A YAML text as the tree that the importers read, within limits that hold for aliases too.
//
//   std::optional<DataNode> root = ParseYamlTree(file, log);
//
// Whole numbers in plain style are numbers, everything else is text; keys are text. Refused: more
// than kMaxYamlBytes, nesting deeper than 32, more than 4 million values with what aliases stand
// for, the same key twice, several documents, keys that are not plain.
#pragma once

#include <cstddef>
#include <optional>

#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

// A table of 100 layers and 1,000 slots has 500 KB. The parser takes some 200 bytes for a byte of
// a list.
inline constexpr std::size_t kMaxYamlBytes = std::size_t{2} << 20;

// Absent, with an error in `log`, when the text is not such a tree.
[[nodiscard]] std::optional<DataNode> ParseYamlTree(const ImportFile& file, ImportLog& log);

}  // namespace switchyard
