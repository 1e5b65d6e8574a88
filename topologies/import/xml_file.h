// A small XML document as plain values, with the place of every element. Made for files that
// anybody may hand in: bounded in size, depth and number of elements; entities and document types
// are never looked up.
//
//   Result<XmlElement> root = ParseXml(text, "topo.xml");
//   if (!root.ok()) return root.errors();                  // "topo.xml:3:12: error: ..."
//   root.value().Find("version");                          // nullptr or the attribute's text
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;  // in the order of the file
  std::vector<XmlElement> children;
  int line = 0;  // of the '<', from 1
  int column = 0;

  // The text of an attribute; nullptr when it has none of that name.
  [[nodiscard]] const std::string* Find(std::string_view attribute) const;
};

struct XmlLimits {
  std::size_t max_bytes = std::size_t{8} << 20;
  std::size_t max_elements = 65536;
  std::size_t max_depth = 32;
  std::size_t max_attributes = 64;     // of one element
  std::size_t max_value_bytes = 1024;  // of one attribute
};

// The root element. Fails on what is not well-formed, on an attribute given twice, and on a
// document beyond the limits; text between elements is ignored.
[[nodiscard]] Result<XmlElement> ParseXml(std::string_view text, const std::string& file,
                                          const XmlLimits& limits = {});

}  // namespace switchyard
