// JSON and JSON lines as trees (data_tree.h), read within fixed limits.
//
//   ForEachJsonRecord(file, log, [&](const DataNode& record) { ... });
//
// Refused: a text or a line above 256 MiB, nesting deeper than 32 levels, more than 16 million
// nodes (numbers in lists are none), an object with more than 1,024 members. No recursion in the
// parser; limits are checked before memory is taken.
#pragma once

#include <functional>
#include <optional>

#include "sim/routing/trace/import/data_tree.h"

namespace switchyard {

// The bytes [begin, end) of the file as one JSON text; offsets count from the file's start.
// Absent, with an error in `log`, when it is none.
[[nodiscard]] std::optional<DataNode> ParseJsonText(const ImportFile& file, std::size_t begin,
                                                    std::size_t end, ImportLog& log);

// Calls `use` for every record: each line of a file whose first line is a JSON text of its own
// (JSON lines), each element of a top-level list of objects, else the one text. Lines that are no
// JSON are errors, and the lines behind them are read all the same.
void ForEachJsonRecord(const ImportFile& file, ImportLog& log,
                       const std::function<void(const DataNode&)>& use);

// Whether the text begins like JSON and has `key` as a member somewhere: enough to tell formats
// apart.
[[nodiscard]] bool LooksLikeJsonWith(const ImportFile& file, std::string_view key);

}  // namespace switchyard
