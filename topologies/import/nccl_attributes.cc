#include "topologies/import/nccl_attributes.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace switchyard {
namespace {

constexpr std::size_t kMaxShown = 60;  // bytes of a wrong value in a message

std::string Shown(const std::string& value) {
  return value.size() <= kMaxShown ? value : value.substr(0, kMaxShown) + "...";
}

std::optional<std::int64_t> ParseWhole(std::string_view text) {
  const bool hexadecimal = text.substr(0, 2) == "0x";
  if (hexadecimal) text.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string NcclAttributes::Text(const XmlElement& element, std::string_view name) {
  const std::string* value = element.Find(name);
  return value == nullptr ? "" : *value;
}

std::optional<std::int64_t> NcclAttributes::Whole(const XmlElement& element, std::string_view name,
                                                  std::int64_t least, std::int64_t most) {
  const std::string* text = element.Find(name);
  if (text == nullptr) return std::nullopt;
  const std::optional<std::int64_t> value = ParseWhole(*text);
  if (value && *value >= least && *value <= most) return value;
  Error(element, name,
        fmt::format("'{}'; must be a whole number from {} to {}", Shown(*text), least, most));
  return std::nullopt;
}

std::optional<std::int64_t> NcclAttributes::NeedWhole(const XmlElement& element,
                                                      std::string_view name, std::int64_t least,
                                                      std::int64_t most) {
  if (element.Find(name) == nullptr) Error(element, name, "missing");
  return Whole(element, name, least, most);
}

std::optional<std::string> NcclAttributes::BusId(const XmlElement& element, std::string_view name) {
  const std::string* text = element.Find(name);
  if (text == nullptr) {
    Error(element, name, "missing");
    return std::nullopt;
  }
  std::string bus_id = NormalBusId(*text);
  if (!bus_id.empty()) return bus_id;
  Error(element, name, fmt::format("'{}'; must be a bus id such as 0000:1b:00.0", Shown(*text)));
  return std::nullopt;
}

void NcclAttributes::Error(const XmlElement& element, std::string_view name, std::string message) {
  std::string path = element.name;
  if (!name.empty()) path.append(".").append(name);
  errors_.push_back({{file_, element.line, element.column}, std::move(path), std::move(message)});
}

std::string NormalBusId(std::string_view text) {
  constexpr std::size_t kMaxBytes = 32;
  if (text.size() > kMaxBytes) return "";
  std::string normal;
  std::string marks;  // ":", ":" and "." in this order
  for (const char c : text) {
    const bool capital = c >= 'A' && c <= 'F';
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || capital;
    if (!digit) marks += c;
    if (!digit && (normal.empty() || normal.back() == c)) return "";
    normal += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool complete = marks == "::." && normal.back() != '.';
  return complete ? normal : "";
}

std::string BusDevice(const std::string& bus_id) { return bus_id.substr(0, bus_id.find('.')); }

}  // namespace switchyard
