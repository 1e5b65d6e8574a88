#include "sim/routing/trace/import/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "sim/routing/trace/import/import_log.h"

namespace switchyard {
namespace {

// All that may be named. What is called among them is called here, by hand.
constexpr std::string_view kRebuild = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kStoragePrefix = "torch.";
constexpr std::string_view kStorageSuffix = "Storage";

// Of a tensor's sizes and strides: products of them stay far below 2^128.
constexpr std::size_t kMostDimensions = 8;
constexpr std::int64_t kMostOfTensor = std::int64_t{1} << 48;

// A pickle of tensors is small: their elements lie beside it. What it recalls is shared, except for
// names and the keys of storages, which are copied and so must be short.
constexpr std::size_t kMaxPickle = std::size_t{16} << 20;
constexpr std::size_t kMaxObjects = std::size_t{1} << 20;
constexpr std::size_t kMaxName = 128;

bool IsStorage(std::string_view name) {
  return name.starts_with(kStoragePrefix) && name.ends_with(kStorageSuffix) &&
         std::count(name.begin(), name.end(), '.') == 1;
}

class Machine {
 public:
  Machine(std::string_view bytes, PickleObjects& out) : bytes_(bytes), out_(out) {}

  std::string Run() {
    if (bytes_.size() > kMaxPickle) {
      return fmt::format("has {} bytes; at most {} are read", bytes_.size(), kMaxPickle);
    }
    while (error_.empty() && !stopped_) {
      if (at_ >= bytes_.size()) return "ends before its STOP";
      Step(bytes_[at_++]);
    }
    return error_;
  }

 private:
  void Step(char op) {
    switch (op) {
      case '\x80':  // PROTO
        return Protocol(Number(1));
      case '\x95':  // FRAME: a hint for buffering
        Number(sizeof(std::uint64_t));
        return;
      case '.':
        return Stop();
      case '(':
        return marks_.push_back(stack_.size());
      case 'N':
        return Push(nullptr);
      case '\x88':
        return Push(true);
      case '\x89':
        return Push(false);
      case 'K':
        return Push(static_cast<std::int64_t>(Number(1)));
      case 'M':
        return Push(static_cast<std::int64_t>(Number(2)));
      case 'J':
        return Push(std::int64_t{static_cast<std::int32_t>(Number(sizeof(std::int32_t)))});
      case '\x8a':
        return Long();
      case 'G':
        return Float();
      case 'X':
        return Text(Number(sizeof(std::uint32_t)));
      case '\x8c':
        return Text(Number(1));
      default:
        return StepObjects(op);
    }
  }

  void StepObjects(char op) {
    switch (op) {
      case '}':
        return PushObject(PickleDict{});
      case ']':
        return PushObject(PickleList{});
      case ')':
        return PushObject(PickleList{});
      case 't':
        return Tuple(Marked());
      case '\x85':
        return Tuple(Top(1));
      case '\x86':
        return Tuple(Top(2));
      case '\x87':
        return Tuple(Top(3));
      case 'a':
        return Append(Top(1));
      case 'e':
        return Append(Marked());
      case 's':
        return SetItems(Top(2));
      case 'u':
        return SetItems(Marked());
      default:
        return StepNames(op);
    }
  }

  void StepNames(char op) {
    switch (op) {
      case 'q':
        return Memoize(Number(1));
      case 'r':
        return Memoize(Number(sizeof(std::uint32_t)));
      case '\x94':
        return Memoize(memo_.size());
      case 'h':
        return Recall(Number(1));
      case 'j':
        return Recall(Number(sizeof(std::uint32_t)));
      case 'c':
        return Global();
      case '\x93':
        return StackGlobal();
      case 'R':
        return Reduce();
      case 'Q':
        return Persistent();
      default:
        return Fail(
            fmt::format("has operation 0x{:02x} at byte {}, which data of tensors does not "
                        "need; it is refused",
                        static_cast<unsigned char>(op), at_ - 1));
    }
  }

  void Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }

  // Little-endian, unsigned; 0 with an error where the bytes end.
  std::uint64_t Number(std::size_t width) {
    std::uint64_t value = 0;
    if (width > bytes_.size() - at_) {
      Fail("ends inside an operation");
      return 0;
    }
    std::memcpy(&value, bytes_.data() + at_, width);
    at_ += width;
    return value;
  }

  void Protocol(std::uint64_t protocol) {
    constexpr std::uint64_t kOldest = 2, kNewest = 4;
    if (protocol < kOldest || protocol > kNewest) {
      Fail(fmt::format("has protocol {}; allowed: 2 to 4", protocol));
    }
  }

  void Push(PickleValue value) { stack_.push_back(value); }
  void PushObject(PickleObject object) {
    if (out_.objects.size() >= kMaxObjects) {
      return Fail(fmt::format("has more than {} objects", kMaxObjects));
    }
    out_.objects.push_back(std::move(object));
    Push(PickleRef{out_.objects.size() - 1});
  }

  std::optional<PickleValue> Pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) {
      Fail("takes a value where there is none");
      return std::nullopt;
    }
    const PickleValue value = stack_.back();
    stack_.pop_back();
    return value;
  }

  std::vector<PickleValue> Top(std::size_t count) {
    std::vector<PickleValue> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(Pop().value_or(nullptr));
    std::reverse(values.begin(), values.end());
    return values;
  }
  std::vector<PickleValue> Marked() {
    if (marks_.empty()) {
      Fail("takes values up to a mark where there is none");
      return {};
    }
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleValue> values(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return values;
  }

  template <class T>
  T* TopObject() {
    const auto* ref = stack_.empty() ? nullptr : std::get_if<PickleRef>(&stack_.back());
    T* object = ref == nullptr ? nullptr : std::get_if<T>(&out_.objects[ref->id]);
    if (object == nullptr) Fail("fills what is no list or dictionary");
    return object;
  }

  void Stop() {
    out_.root = Pop().value_or(nullptr);
    stopped_ = true;
  }

  // A whole number of up to eight bytes, two's complement.
  void Long() {
    const std::uint64_t width = Number(1);
    if (width > sizeof(std::int64_t)) return Fail("has a number of more than 64 bits");
    std::uint64_t value = Number(width);
    constexpr unsigned kByte = 8;
    const unsigned bits = static_cast<unsigned>(width) * kByte;
    const bool negative = bits > 0 && (value >> (bits - 1) & 1) != 0;
    if (negative && bits < sizeof(value) * kByte) value |= ~std::uint64_t{0} << bits;
    Push(static_cast<std::int64_t>(value));
  }

  void Float() {
    std::uint64_t bits = Number(sizeof(double));
    auto* bytes = reinterpret_cast<char*>(&bits);
    std::reverse(bytes, bytes + sizeof(bits));  // big-endian
    Push(std::bit_cast<double>(bits));
  }

  void Text(std::uint64_t length) {
    if (length > bytes_.size() - at_) return Fail("ends inside a text");
    PushObject(std::string(bytes_.substr(at_, length)));
    at_ += length;
  }

  void Tuple(std::vector<PickleValue> items) { PushObject(PickleList{std::move(items)}); }

  void Append(const std::vector<PickleValue>& items) {
    auto* list = TopObject<PickleList>();
    if (list != nullptr) list->items.insert(list->items.end(), items.begin(), items.end());
  }

  void SetItems(const std::vector<PickleValue>& items) {
    auto* dict = TopObject<PickleDict>();
    if (items.size() % 2 != 0) Fail("sets a key without a value");
    for (std::size_t i = 0; dict != nullptr && i + 1 < items.size(); i += 2) {
      dict->items.emplace_back(items[i], items[i + 1]);
    }
  }

  void Memoize(std::uint64_t index) {
    // Python numbers them one after the other.
    if (index > memo_.size() || stack_.empty()) return Fail("remembers a value out of order");
    if (index == memo_.size()) memo_.push_back(nullptr);
    memo_[index] = stack_.back();
  }
  void Recall(std::uint64_t index) {
    if (index >= memo_.size()) return Fail("recalls a value that was not remembered");
    Push(memo_[index]);
  }

  void Name(const std::string& name) {
    if (name != kRebuild && name != kOrderedDict && !IsStorage(name)) {
      return Fail("names " + Shown(name) + ", which data of tensors does not need; it is refused");
    }
    PushObject(PickleName{name});
  }
  std::string Line() {
    const std::size_t newline = bytes_.find('\n', at_);
    if (newline == std::string_view::npos) {
      Fail("ends inside a name");
      return "";
    }
    if (newline - at_ > kMaxName) {
      Fail("has a name that is too long");
      return "";
    }
    std::string line(bytes_.substr(at_, newline - at_));
    at_ = newline + 1;
    return line;
  }
  void Global() {
    const std::string module = Line();
    const std::string name = Line();
    if (error_.empty()) Name(module + "." + name);
  }
  void StackGlobal() {
    const std::vector<PickleValue> both = Top(2);
    const auto* module = out_.Find<std::string>(both[0]);
    const auto* name = out_.Find<std::string>(both[1]);
    if (module == nullptr || name == nullptr) return Fail("names something by no text");
    if (std::max(module->size(), name->size()) > kMaxName)
      return Fail("has a name that is too long");
    Name(*module + "." + *name);
  }

  void Reduce() {
    const std::vector<PickleValue> both = Top(2);
    const auto* callable = out_.Find<PickleName>(both[0]);
    const auto* arguments = out_.Find<PickleList>(both[1]);
    if (callable == nullptr || arguments == nullptr) return Fail("calls what is no known name");
    if (callable->name == kOrderedDict && arguments->items.empty()) {
      return PushObject(PickleDict{});
    }
    if (callable->name != kRebuild) return Fail("calls " + Shown(callable->name));
    Rebuild(arguments->items);
  }

  std::optional<std::vector<std::int64_t>> Integers(const PickleValue& value) {
    const auto* list = out_.Find<PickleList>(value);
    if (list == nullptr || list->items.size() > kMostDimensions) return std::nullopt;
    std::vector<std::int64_t> numbers;
    for (const PickleValue& item : list->items) {
      const auto* number = std::get_if<std::int64_t>(&item);
      if (number == nullptr || *number < 0 || *number > kMostOfTensor) return std::nullopt;
      numbers.push_back(*number);
    }
    return numbers;
  }

  // (storage, offset, size, stride, requires_grad, hooks)
  void Rebuild(const std::vector<PickleValue>& arguments) {
    constexpr std::size_t kLeast = 4;
    if (arguments.size() < kLeast) return Fail("has a tensor of too few parts");
    const auto* storage = out_.Find<PickleStorage>(arguments[0]);
    const auto* offset = std::get_if<std::int64_t>(&arguments[1]);
    const auto shape = Integers(arguments[2]);
    const auto stride = Integers(arguments[3]);
    if (storage == nullptr || offset == nullptr || *offset < 0 || !shape || !stride ||
        shape->size() != stride->size()) {
      return Fail("has a tensor whose parts do not fit");
    }
    PushObject(PickleTensor{*storage, *offset, *shape, *stride});
  }

  // ("storage", type, key, device, elements)
  void Persistent() {
    const auto value = Pop();
    const auto* parts = value ? out_.Find<PickleList>(*value) : nullptr;
    constexpr std::size_t kParts = 5;
    if (parts == nullptr || parts->items.size() != kParts) return Fail("has an unknown storage");
    const auto* type = out_.Find<PickleName>(parts->items[1]);
    const auto* key = out_.Find<std::string>(parts->items[2]);
    if (type == nullptr || key == nullptr || !IsStorage(type->name)) {
      return Fail("has an unknown storage");
    }
    if (key->size() > kMaxName) return Fail("has a storage whose key is too long");
    PushObject(PickleStorage{type->name.substr(kStoragePrefix.size()), *key});
  }

  std::string_view bytes_;
  PickleObjects& out_;
  std::size_t at_ = 0;
  std::vector<PickleValue> stack_;
  std::vector<std::size_t> marks_;
  std::vector<PickleValue> memo_;
  bool stopped_ = false;
  std::string error_;
};

}  // namespace

std::string ReadPickle(std::string_view bytes, PickleObjects& objects) {
  return Machine(bytes, objects).Run();
}

}  // namespace switchyard
