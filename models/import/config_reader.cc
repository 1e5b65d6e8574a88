#include "models/import/config_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace switchyard {
namespace {

constexpr std::string_view kTextConfig = "text_config";

bool SameScalar(const JsonValue& a, const JsonValue& b) {
  const auto* number_a = std::get_if<std::int64_t>(&a.data);
  const auto* number_b = std::get_if<std::int64_t>(&b.data);
  if (number_a != nullptr && number_b != nullptr) return *number_a == *number_b;
  const auto* text_a = std::get_if<std::string>(&a.data);
  const auto* text_b = std::get_if<std::string>(&b.data);
  if (text_a != nullptr && text_b != nullptr) return *text_a == *text_b;
  return a.data.index() == b.data.index();
}

bool IsNull(const JsonValue& value) { return std::holds_alternative<std::nullptr_t>(value.data); }

}  // namespace

ConfigReader::ConfigReader(const JsonObject& root, const std::string& file)
    : root_(&root), config_(&root), file_(&file) {
  const JsonMember* nested = FindMember(root, kTextConfig);
  if (nested == nullptr || IsNull(nested->value)) return;
  if (const auto* text = std::get_if<JsonObject>(&nested->value.data)) {
    config_ = text;
  } else {
    ErrorAt(*nested, fmt::format("found {}; an object is needed", Describe(nested->value)));
  }
}

bool ConfigReader::Has(std::string_view key) const { return FindMember(*config_, key) != nullptr; }

bool ConfigReader::HasAny(Keys keys) const {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) { return Has(key); });
}

bool ConfigReader::States(Keys keys) const {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
    const JsonMember* member = FindMember(*config_, key);
    return member != nullptr && !IsNull(member->value);
  });
}

bool ConfigReader::IsList(std::string_view key) const {
  const JsonMember* member = FindMember(*config_, key);
  return member != nullptr && std::holds_alternative<JsonArray>(member->value.data);
}

const JsonMember* ConfigReader::Find(const JsonObject& object, Keys keys) {
  const JsonMember* first = nullptr;
  for (const std::string_view key : keys) {
    const JsonMember* member = FindMember(object, key);
    if (member == nullptr || IsNull(member->value)) continue;
    if (first == nullptr) {
      first = member;
    } else if (!SameScalar(first->value, member->value)) {
      ErrorAt(*member, fmt::format("found {}, but '{}', another name of the same quantity, is {}; "
                                   "keep one of them",
                                   Describe(member->value), first->key, Describe(first->value)));
    }
  }
  return first;
}

const JsonMember* ConfigReader::FindAnywhere(Keys keys) {
  const JsonMember* member = Find(*config_, keys);
  return member != nullptr || config_ == root_ ? member : Find(*root_, keys);
}

std::optional<std::uint32_t> ConfigReader::ToNumber(const JsonValue& value, std::uint32_t max,
                                                    std::uint32_t least) const {
  const auto* number = std::get_if<std::int64_t>(&value.data);
  if (number == nullptr || *number < least || *number > max) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::uint32_t> ConfigReader::Number(Keys keys, std::uint32_t max,
                                                  std::uint32_t least) {
  const JsonMember* member = Find(*config_, keys);
  if (member == nullptr) return std::nullopt;
  const auto number = ToNumber(member->value, max, least);
  if (!number) {
    ErrorAt(*member, fmt::format("found {}; a whole number from {} to {} is needed",
                                 Describe(member->value), least, max));
  }
  return number;
}

std::uint32_t ConfigReader::Required(Keys keys, std::uint32_t max) {
  const std::size_t errors_before = errors_.size();
  const auto number = Number(keys, max, 1);
  if (!number && errors_.size() == errors_before) {
    Missing(keys, fmt::format("a whole number from 1 to {}", max));
  }
  return number.value_or(0);
}

template <class T>
const T* ConfigReader::As(const JsonMember* member, std::string_view wanted) {
  if (member == nullptr) return nullptr;
  const T* value = std::get_if<T>(&member->value.data);
  if (value == nullptr) {
    ErrorAt(*member, fmt::format("found {}; {} is needed", Describe(member->value), wanted));
  }
  return value;
}

std::optional<std::string_view> ConfigReader::Text(Keys keys) {
  const auto* text = As<std::string>(Find(*config_, keys), "a text");
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<std::string_view> ConfigReader::TextAnywhere(Keys keys) {
  const auto* text = As<std::string>(FindAnywhere(keys), "a text");
  return text == nullptr ? std::nullopt : std::optional<std::string_view>(*text);
}

std::optional<bool> ConfigReader::FlagAnywhere(Keys keys) {
  const auto* flag = As<bool>(FindAnywhere(keys), "true or false");
  return flag == nullptr ? std::nullopt : std::optional<bool>(*flag);
}

std::optional<std::vector<std::uint32_t>> ConfigReader::List(std::string_view key,
                                                             std::uint32_t max) {
  const JsonMember* member = Find(*config_, {key});
  const auto* array = As<JsonArray>(member, "a list of whole numbers");
  if (array == nullptr) return std::nullopt;
  std::vector<std::uint32_t> numbers;
  for (const JsonValue& value : *array) {
    const auto number = ToNumber(value, max, 0);
    if (!number) {
      ErrorAt(*member, fmt::format("entry {} is {}; a whole number from 0 to {} is needed",
                                   numbers.size(), Describe(value), max));
      return std::nullopt;
    }
    numbers.push_back(*number);
  }
  return numbers;
}

const JsonObject* ConfigReader::ObjectAnywhere(std::string_view key) {
  return As<JsonObject>(FindAnywhere({key}), "an object");
}

void ConfigReader::ErrorAt(const JsonMember& member, std::string message) {
  errors_.push_back({{*file_, member.line, member.column}, member.key, std::move(message)});
}

void ConfigReader::Error(std::string_view key, std::string message) {
  const JsonMember* member = FindMember(*config_, key);
  if (member == nullptr) member = FindMember(*root_, key);
  if (member != nullptr) {
    ErrorAt(*member, std::move(message));
  } else {
    errors_.push_back({{*file_, 0, 0}, std::string(key), std::move(message)});
  }
}

void ConfigReader::Missing(Keys keys, std::string_view needed) {
  std::string message = fmt::format("missing; {} is needed", needed);
  if (keys.size() > 1) {
    message += fmt::format(" (also read: {})", fmt::join(keys.begin() + 1, keys.end(), ", "));
  }
  message +=
      "; published files leave out keys equal to a default of their model class, which is not "
      "filled in here";
  Error(*keys.begin(), std::move(message));
}

}  // namespace switchyard
