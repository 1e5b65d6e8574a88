// The objects of a pickle, without running anything in it: a machine for the operations that
// dictionaries, lists, numbers, text and torch tensors need (torch_pickle.h).
//
//   PickleObjects objects;
//   const std::string error = ReadPickle(bytes, objects);      // "" on success
//   objects.Get(objects.root)
//
// Objects lie in one list and name each other by number, as a pickle may use one twice or put a
// list into itself. At most 16 MiB are read, and 2^20 objects. Source:
// docs.python.org/3/library/pickletools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace switchyard {

struct PickleRef {
  std::size_t id = 0;
};
using PickleValue = std::variant<std::nullptr_t, bool, std::int64_t, double, PickleRef>;

struct PickleList {  // also a tuple
  std::vector<PickleValue> items;
};
struct PickleDict {
  std::vector<std::pair<PickleValue, PickleValue>> items;
};
struct PickleName {  // of a class or function, which is not looked up
  std::string name;  // "torch.IntStorage"
};
struct PickleStorage {
  std::string type;  // "IntStorage"
  std::string key;   // its entry is data/KEY
};
struct PickleTensor {
  PickleStorage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> stride;
};
using PickleObject =
    std::variant<std::string, PickleList, PickleDict, PickleName, PickleStorage, PickleTensor>;

struct PickleObjects {
  std::deque<PickleObject> objects;
  PickleValue root;

  // The object that `value` refers to, when it is of this kind; else nullptr.
  template <class T>
  [[nodiscard]] const T* Find(const PickleValue& value) const {
    const auto* ref = std::get_if<PickleRef>(&value);
    return ref == nullptr ? nullptr : std::get_if<T>(&objects[ref->id]);
  }
};

// Returns what is wrong, or "".
[[nodiscard]] std::string ReadPickle(std::string_view bytes, PickleObjects& objects);

}  // namespace switchyard
