#include "sim/routing/trace/import/data_tree.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {
namespace {

// Numbers side by side become nodes: something else joins their list.
template <class Numbers>
void Unpack(DataNode& list) {
  DataList nodes;
  for (const auto number : std::get<Numbers>(list.data)) nodes.push_back({number, list.offset});
  list.data = std::move(nodes);
}

// Puts a number behind the others without a node of its own; false when it must be one.
bool AppendNumber(DataNode& list, const DataNode& item) {
  auto* integers = std::get_if<IntegerList>(&list.data);
  const auto* integer = std::get_if<std::int64_t>(&item.data);
  const auto* number = std::get_if<double>(&item.data);
  if (integers != nullptr && integer != nullptr) {
    integers->push_back(*integer);
    return true;
  }
  if (integers != nullptr && number != nullptr) {
    list.data = NumberList(integers->begin(), integers->end());
  }
  auto* numbers = std::get_if<NumberList>(&list.data);
  if (numbers == nullptr || (integer == nullptr && number == nullptr)) return false;
  numbers->push_back(integer != nullptr ? static_cast<double>(*integer) : *number);
  return true;
}

class TensorReader {
 public:
  TensorReader(std::string path, ImportLog& log) : path_(std::move(path)), log_(log) {}

  std::optional<IntegerTensor> Read(const DataNode& node) {
    // The shape is that of the first items; Fill holds all others against it.
    for (const DataNode* at = &node; at != nullptr;) at = Enter(*at);
    if (!failed_) Fill(node, 0);
    if (failed_) return std::nullopt;
    return std::move(tensor_);
  }

 private:
  const DataNode* Enter(const DataNode& node) {
    if (const auto* integers = std::get_if<IntegerList>(&node.data)) {
      tensor_.shape.push_back(integers->size());
      return nullptr;
    }
    const auto* list = std::get_if<DataList>(&node.data);
    if (list == nullptr || list->empty()) {
      Fail(node, "expected lists of whole numbers, found " + Describe(node));
      return nullptr;
    }
    tensor_.shape.push_back(list->size());
    if (std::holds_alternative<std::int64_t>(list->front().data)) {
      // A list of numbers alone would be an IntegerList.
      const auto odd = std::find_if(list->begin(), list->end(), [](const DataNode& item) {
        return !std::holds_alternative<std::int64_t>(item.data);
      });
      Fail(*odd, "expected a whole number, found " + Describe(*odd));
      return nullptr;
    }
    return &list->front();
  }

  void Fill(const DataNode& node, std::size_t depth) {
    if (failed_) return;
    if (depth + 1 == tensor_.shape.size()) {
      const auto* integers = std::get_if<IntegerList>(&node.data);
      if (integers == nullptr) {
        Fail(node, "expected a list of whole numbers, found " + Describe(node));
      } else if (integers->size() != tensor_.shape[depth]) {
        FailLength(node, integers->size(), depth);
      } else {
        tensor_.values.insert(tensor_.values.end(), integers->begin(), integers->end());
      }
      return;
    }
    const auto* list = std::get_if<DataList>(&node.data);
    if (list == nullptr) {
      Fail(node, "expected a list of lists, found " + Describe(node));
    } else if (list->size() != tensor_.shape[depth]) {
      FailLength(node, list->size(), depth);
    } else {
      for (const DataNode& item : *list) Fill(item, depth + 1);
    }
  }

  void FailLength(const DataNode& node, std::size_t found, std::size_t depth) {
    Fail(node,
         fmt::format("a list of {} where those before it have {}", found, tensor_.shape[depth]));
  }
  void Fail(const DataNode& node, std::string message) {
    failed_ = true;
    log_.Error({node.offset, path_}, std::move(message));
  }

  std::string path_;
  ImportLog& log_;
  IntegerTensor tensor_;
  bool failed_ = false;
};

}  // namespace

std::size_t UnpackedBy(const DataNode& list, const DataNode& item) {
  const bool packs =
      std::holds_alternative<std::int64_t>(item.data) || std::holds_alternative<double>(item.data);
  if (packs) return 0;
  if (const auto* integers = std::get_if<IntegerList>(&list.data)) return integers->size();
  const auto* numbers = std::get_if<NumberList>(&list.data);
  return numbers == nullptr ? 0 : numbers->size();
}

DataNode* AppendTo(DataNode& list, DataNode item) {
  if (AppendNumber(list, item)) return nullptr;
  if (std::holds_alternative<IntegerList>(list.data)) Unpack<IntegerList>(list);
  if (std::holds_alternative<NumberList>(list.data)) Unpack<NumberList>(list);
  return &std::get<DataList>(list.data).emplace_back(std::move(item));
}

const DataNode* FindMember(const DataNode& node, std::string_view key) {
  const auto* dict = std::get_if<DataDict>(&node.data);
  if (dict == nullptr) return nullptr;
  const auto found = std::find_if(dict->begin(), dict->end(),
                                  [&](const DataMember& member) { return member.key == key; });
  return found == dict->end() ? nullptr : &found->value;
}

std::string Describe(const DataNode& node) {
  struct Visitor {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const { return "text \"" + Shown(text) + "\""; }
    std::string operator()(const IntegerList& list) const { return List(list.size()); }
    std::string operator()(const NumberList& list) const {
      return List(list.size()) + " numbers, not all whole";
    }
    std::string operator()(const DataList& list) const { return List(list.size()); }
    std::string operator()(const DataDict&) const { return "an object"; }
    static std::string List(std::size_t size) { return fmt::format("a list of {}", size); }
  };
  return std::visit(Visitor{}, node.data);
}

bool IsList(const DataNode& node) {
  return std::holds_alternative<IntegerList>(node.data) ||
         std::holds_alternative<NumberList>(node.data) ||
         std::holds_alternative<DataList>(node.data);
}

std::optional<IntegerTensor> ReadIntegers(const DataNode& node, const std::string& path,
                                          ImportLog& log) {
  return TensorReader(path, log).Read(node);
}

std::optional<NumberList> ReadNumbers(const DataNode& node, const std::string& path,
                                      ImportLog& log) {
  if (const auto* numbers = std::get_if<NumberList>(&node.data)) return *numbers;
  if (const auto* integers = std::get_if<IntegerList>(&node.data)) {
    return NumberList(integers->begin(), integers->end());
  }
  log.Error({node.offset, path}, "expected a list of numbers, found " + Describe(node));
  return std::nullopt;
}

std::optional<std::int64_t> ReadInteger(const DataNode& dict, const IntegerMember& member,
                                        const std::string& path, ImportLog& log) {
  const DataNode* node = FindMember(dict, member.key);
  const bool absent = node == nullptr || std::holds_alternative<std::nullptr_t>(node->data);
  const std::string name = (path.empty() ? "" : path + ".") + std::string(member.key);
  if (absent) {
    if (member.required) log.Error({dict.offset, name}, "is missing");
    return std::nullopt;
  }
  const auto* value = std::get_if<std::int64_t>(&node->data);
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  if (value != nullptr && *value >= member.least && *value <= kMost) return *value;
  log.Error({node->offset, name}, fmt::format("expected a whole number from {} on, found {}",
                                              member.least, Describe(*node)));
  return std::nullopt;
}

}  // namespace switchyard
