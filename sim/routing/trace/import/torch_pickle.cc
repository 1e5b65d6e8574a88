#include "sim/routing/trace/import/torch_pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "sim/base/int128.h"
#include "sim/routing/trace/import/pickle.h"
#include "sim/routing/trace/import/zip_archive.h"

namespace switchyard {
namespace {

static_assert(std::endian::native == std::endian::little, "storages are read in place");

constexpr std::string_view kPickle = "/data.pkl";
constexpr std::string_view kByteOrder = "/byteorder";
constexpr std::string_view kData = "/data/";
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = std::size_t{1} << 24;
constexpr std::size_t kMaxText = std::size_t{64} << 20;  // of all texts; a pickle may use one often

// How the elements of a storage become numbers.
struct StorageType {
  std::string_view name;
  std::size_t bytes;
  void (*load)(const char* from, DataNode& to);
};
template <class T>
void Load(const char* from, DataNode& to) {
  T value{};
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::is_floating_point_v<T>) {
    to.data = static_cast<double>(value);
  } else {
    to.data = static_cast<std::int64_t>(value);
  }
}
constexpr StorageType kStorages[] = {
    {"BoolStorage", 1, Load<std::uint8_t>}, {"ByteStorage", 1, Load<std::uint8_t>},
    {"CharStorage", 1, Load<std::int8_t>},  {"ShortStorage", 2, Load<std::int16_t>},
    {"IntStorage", 4, Load<std::int32_t>},  {"LongStorage", 8, Load<std::int64_t>},
    {"FloatStorage", 4, Load<float>},       {"DoubleStorage", 8, Load<double>},
};

// A tensor within its storage.
struct View {
  const PickleTensor* tensor = nullptr;
  const StorageType* type = nullptr;
  const std::string* bytes = nullptr;
};

class TreeMaker {
 public:
  TreeMaker(const PickleObjects& objects, const std::vector<ZipEntry>& entries,
            std::size_t max_bytes)
      : objects_(objects), elements_left_(max_bytes / sizeof(std::int64_t)) {
    for (const ZipEntry& entry : entries) {
      const std::size_t data = entry.name.rfind(kData);
      if (data == std::string::npos) continue;
      storages_.try_emplace(std::string_view(entry.name).substr(data + kData.size()), &entry.bytes);
    }
  }

  DataNode Make() { return Node(objects_.root, 0); }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  DataNode Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return {};
  }

  // False when there are too many; objects that are used often count every time.
  bool Spend(std::size_t depth) {
    if (++nodes_ > kMaxNodes) Fail(fmt::format("holds more than {} values", kMaxNodes));
    if (depth > kMaxDepth) Fail(fmt::format("is nested deeper than {} levels", kMaxDepth));
    return error_.empty();
  }

  // A copy of the text, charged to what all texts may take.
  std::string Copy(const std::string& text) {
    text_ += text.size();
    if (text_ <= kMaxText) return text;
    Fail(fmt::format("holds more than {} bytes of text", kMaxText));
    return "";
  }

  DataNode Node(const PickleValue& value, std::size_t depth) {
    if (!Spend(depth)) return {};
    if (const auto* flag = std::get_if<bool>(&value)) return {*flag, {}};
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return {*integer, {}};
    if (const auto* number = std::get_if<double>(&value)) return {*number, {}};
    if (const auto* text = objects_.Find<std::string>(value)) return {Copy(*text), {}};
    if (const auto* list = objects_.Find<PickleList>(value)) return List(*list, depth);
    if (const auto* dict = objects_.Find<PickleDict>(value)) return Dict(*dict, depth);
    if (const auto* tensor = objects_.Find<PickleTensor>(value)) return Tensor(*tensor, depth);
    return {};  // None; names and storages outside of a tensor hold nothing
  }

  DataNode List(const PickleList& list, std::size_t depth) {
    DataNode node{IntegerList{}, {}};
    for (const PickleValue& item : list.items) {
      if (!error_.empty()) break;
      AppendTo(node, Node(item, depth + 1));
    }
    return node;
  }

  DataNode Dict(const PickleDict& dict, std::size_t depth) {
    DataDict members;
    for (const auto& [key, value] : dict.items) {
      if (!error_.empty()) break;
      const auto* name = objects_.Find<std::string>(key);
      if (name == nullptr) {
        Spend(depth);
        continue;
      }
      std::string copy = Copy(*name);
      members.push_back({std::move(copy), Node(value, depth + 1)});
    }
    return {std::move(members), {}};
  }

  DataNode Tensor(const PickleTensor& tensor, std::size_t depth) {
    const auto type = std::find_if(
        std::begin(kStorages), std::end(kStorages),
        [&](const StorageType& storage) { return storage.name == tensor.storage.type; });
    if (type == std::end(kStorages)) {
      return Fail("holds a tensor of " + Shown(tensor.storage.type) + ", which is not read");
    }
    const std::string& key = tensor.storage.key;
    const auto entry = storages_.find(key);
    if (entry == storages_.end()) return Fail("misses the storage " + Shown("data/" + key));
    const std::string& bytes = *entry->second;
    Uint128 elements = 1;
    Uint128 last = static_cast<std::uint64_t>(tensor.offset);
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      const auto size = static_cast<std::uint64_t>(tensor.shape[d]);
      elements = std::min<Uint128>(elements, elements_left_ + Uint128{1}) * size;
      const std::uint64_t most = size == 0 ? 0 : size - 1;
      last += static_cast<Uint128>(most) * static_cast<std::uint64_t>(tensor.stride[d]);
    }
    if (elements == 0) return {IntegerList{}, {}};
    if (last >= bytes.size() / type->bytes) {
      return Fail("holds a tensor that reaches beyond its storage " + Shown("data/" + key));
    }
    if (elements > elements_left_) return Fail("holds tensors larger than allowed");
    elements_left_ -= static_cast<std::size_t>(elements);
    return Slice({&tensor, &*type, &bytes}, 0, static_cast<std::size_t>(tensor.offset), depth);
  }

  // The items of dimension `d` from element `at` on.
  DataNode Slice(const View& view, std::size_t d, std::size_t at, std::size_t depth) {
    DataNode node;
    if (d == view.tensor->shape.size()) {
      view.type->load(view.bytes->data() + at * view.type->bytes, node);
      return node;
    }
    node.data = IntegerList{};
    const bool innermost = d + 1 == view.tensor->shape.size();
    for (std::int64_t i = 0; i < view.tensor->shape[d] && error_.empty(); ++i) {
      if (!innermost && !Spend(depth + d)) break;
      AppendTo(node, Slice(view, d + 1, at, depth));
      at += static_cast<std::size_t>(view.tensor->stride[d]);
    }
    return node;
  }

  const PickleObjects& objects_;
  std::map<std::string_view, const std::string*> storages_;  // bytes of data/KEY, by key
  std::size_t text_ = 0;
  std::size_t elements_left_;
  std::size_t nodes_ = 0;
  std::string error_;
};

const ZipEntry* Find(const std::vector<ZipEntry>& entries, std::string_view suffix) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const ZipEntry& entry) {
    return entry.name.ends_with(suffix);
  });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

std::optional<DataNode> ReadTorchFile(const ImportFile& file, std::size_t max_bytes,
                                      ImportLog& log) {
  const auto entries = ReadZip(file, max_bytes / kUnpackedShare, [](std::string_view name) {
    return name.ends_with(kPickle) || name.ends_with(kByteOrder) ||
           name.find(kData) != std::string_view::npos;
  });
  if (!entries.ok()) {
    for (const Diagnostic& error : entries.errors()) log.Error({}, error.message);
    return std::nullopt;
  }
  const ZipEntry* pickle = Find(entries.value(), kPickle);
  const ZipEntry* order = Find(entries.value(), kByteOrder);
  if (pickle == nullptr) {
    log.Error({}, "has no entry data.pkl: not what torch.save writes");
    return std::nullopt;
  }
  if (order != nullptr && order->bytes != "little") {
    log.Error({}, "is not little-endian");
    return std::nullopt;
  }
  PickleObjects objects;
  const std::string error = ReadPickle(pickle->bytes, objects);
  const std::string way_out =
      "; json.dump(torch.load(path), out, default=lambda t: t.tolist()) writes it as JSON";
  if (!error.empty()) {
    log.Error({{}, "data.pkl"}, error + way_out);
    return std::nullopt;
  }
  TreeMaker maker(objects, entries.value(), max_bytes);
  DataNode root = maker.Make();
  if (maker.error().empty()) return root;
  log.Error({{}, "data.pkl"}, maker.error() + way_out);
  return std::nullopt;
}

}  // namespace switchyard
