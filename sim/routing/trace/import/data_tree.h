// What a JSON text or a pickle holds, as a tree: numbers of a list lie side by side, so that a
// list of a million ids takes eight megabytes.
//
//   const DataNode* ids = FindMember(record, "topk_ids_of_layer");
//   std::optional<IntegerTensor> tensor = ReadIntegers(*ids, place, log);   // [layers, tokens, k]
//
// A list is IntegerList while it holds whole numbers alone, NumberList with other numbers as well,
// and DataList with anything else in it; an empty list is an IntegerList.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/routing/trace/import/import_log.h"

namespace switchyard {

struct DataMember;
struct DataNode;
using IntegerList = std::vector<std::int64_t>;
using NumberList = std::vector<double>;
using DataList = std::vector<DataNode>;
using DataDict = std::vector<DataMember>;  // in the order of the file

struct DataNode {
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, IntegerList, NumberList,
               DataList, DataDict>
      data;
  std::optional<std::size_t> offset;  // of its first byte in the text; absent in a pickle
};
struct DataMember {
  std::string key;
  DataNode value;
};

// Appends to `list`, which is one of the three kinds of list and changes its kind when it must.
// Returns the node where it lies as one, else nullptr (a number among numbers).
DataNode* AppendTo(DataNode& list, DataNode item);
// How many numbers of `list`, packed so far, AppendTo would make nodes of their own for `item`.
[[nodiscard]] std::size_t UnpackedBy(const DataNode& list, const DataNode& item);

// The member, or nullptr; also when `node` is no dictionary.
[[nodiscard]] const DataNode* FindMember(const DataNode& node, std::string_view key);
[[nodiscard]] std::string Describe(const DataNode& node);  // "a list of 3", "text \"x\"", "7"
[[nodiscard]] bool IsList(const DataNode& node);

// Nested lists of whole numbers, all of the same lengths; row-major.
struct IntegerTensor {
  std::vector<std::uint64_t> shape;
  std::vector<std::int64_t> values;
};
// Absent, with errors at `place`, when lists differ in length or hold anything else.
[[nodiscard]] std::optional<IntegerTensor> ReadIntegers(const DataNode& node,
                                                        const std::string& path, ImportLog& log);
// Of one dimension: integers and other numbers alike.
[[nodiscard]] std::optional<NumberList> ReadNumbers(const DataNode& node, const std::string& path,
                                                    ImportLog& log);
// A member that is a whole number from `least` on. Absent: with an error when `required`, or when
// it is there and something else (null counts as absent).
struct IntegerMember {
  std::string_view key;
  bool required = true;
  std::int64_t least = 0;
};
[[nodiscard]] std::optional<std::int64_t> ReadInteger(const DataNode& dict,
                                                      const IntegerMember& member,
                                                      const std::string& path, ImportLog& log);

}  // namespace switchyard
