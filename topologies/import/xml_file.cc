#include "topologies/import/xml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <pugixml.hpp>

namespace switchyard {
namespace {

// Lines and columns of byte offsets, looked up in a table of line starts.
class Places {
 public:
  Places(std::string_view text, std::string file) : file_(std::move(file)) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }

  [[nodiscard]] SourceLocation At(std::size_t offset) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    const auto line = static_cast<std::size_t>(after - starts_.begin());
    return {file_, static_cast<int>(line), static_cast<int>(offset - starts_[line - 1]) + 1};
  }

 private:
  std::string file_;
  std::vector<std::size_t> starts_;
};

class TreeMaker {
 public:
  TreeMaker(const Places& places, const XmlLimits& limits) : places_(places), limits_(limits) {}

  // Recursion is bounded by max_depth: pugixml itself parses without recursion.
  std::optional<XmlElement> Make(const pugi::xml_node& node, std::size_t depth) {
    const auto offset = node.offset_debug();  // of the name, one after the '<'
    const SourceLocation where = places_.At(offset > 0 ? static_cast<std::size_t>(offset) - 1 : 0);
    XmlElement element{node.name(), {}, {}, where.line, where.column};
    if (++elements_ > limits_.max_elements) {
      return Fail(where, fmt::format("more than {} elements", limits_.max_elements));
    }
    if (depth > limits_.max_depth) {
      return Fail(where, fmt::format("elements nested deeper than {}", limits_.max_depth));
    }
    if (!TakeAttributes(node, where, element)) return std::nullopt;
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      std::optional<XmlElement> made = Make(child, depth + 1);
      if (!made) return std::nullopt;
      element.children.push_back(std::move(*made));
    }
    return element;
  }

  [[nodiscard]] const Diagnostics& errors() const { return errors_; }

 private:
  bool TakeAttributes(const pugi::xml_node& node, const SourceLocation& where,
                      XmlElement& element) {
    for (const pugi::xml_attribute& attribute : node.attributes()) {
      const std::string_view value = attribute.value();
      if (element.attributes.size() == limits_.max_attributes) {
        Fail(where, fmt::format("more than {} attributes", limits_.max_attributes));
        return false;
      }
      if (value.size() > limits_.max_value_bytes) {
        Fail(where, fmt::format("attribute '{}' is longer than {} bytes", attribute.name(),
                                limits_.max_value_bytes));
        return false;
      }
      if (element.Find(attribute.name()) != nullptr) {
        Fail(where, fmt::format("attribute '{}' is given twice", attribute.name()));
        return false;
      }
      element.attributes.emplace_back(attribute.name(), value);
    }
    return true;
  }

  std::nullopt_t Fail(const SourceLocation& where, std::string message) {
    errors_.push_back({where, "", std::move(message)});
    return std::nullopt;
  }

  const Places& places_;
  const XmlLimits& limits_;
  std::size_t elements_ = 0;
  Diagnostics errors_;
};

}  // namespace

const std::string* XmlElement::Find(std::string_view attribute) const {
  for (const auto& [key, value] : attributes) {
    if (key == attribute) return &value;
  }
  return nullptr;
}

Result<XmlElement> ParseXml(std::string_view text, const std::string& file,
                            const XmlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return FileError(file, fmt::format("{} bytes; at most {}", text.size(), limits.max_bytes));
  }
  const Places places(text, file);
  pugi::xml_document document;
  // The encoding is given so that offsets are those of the file. No document type, no entity but
  // the five of XML and character references is expanded.
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed) {
    const auto offset =
        std::clamp<std::ptrdiff_t>(parsed.offset, 0, static_cast<std::ptrdiff_t>(text.size()));
    return Diagnostic{places.At(static_cast<std::size_t>(offset)), "",
                      fmt::format("not well-formed XML: {}", parsed.description())};
  }
  TreeMaker maker(places, limits);
  std::optional<XmlElement> root = maker.Make(document.document_element(), 1);
  if (!root) return maker.errors();
  for (pugi::xml_node next = document.document_element().next_sibling(); next;
       next = next.next_sibling()) {
    if (next.type() != pugi::node_element) continue;
    const auto offset = static_cast<std::size_t>(std::max<std::ptrdiff_t>(next.offset_debug(), 1));
    return Diagnostic{places.At(offset - 1), "",
                      fmt::format("a second root element <{}>", next.name())};
  }
  return std::move(*root);
}

}  // namespace switchyard
