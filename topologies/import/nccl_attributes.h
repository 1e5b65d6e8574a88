// Attributes of an NCCL topology element as checked values; what is wrong goes into a list.
//
//   NcclAttributes attributes(file, errors);
//   std::optional<std::int64_t> sm = attributes.Whole(gpu, "sm", 0, 1000);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "topologies/import/xml_file.h"

namespace switchyard {

class NcclAttributes {
 public:
  // Keeps the reference.
  NcclAttributes(std::string file, Diagnostics& errors) : file_(std::move(file)), errors_(errors) {}

  // Empty when absent.
  [[nodiscard]] static std::string Text(const XmlElement& element, std::string_view name);
  // A whole number, decimal, or hexadecimal after "0x". Empty when absent, or wrong (an error).
  std::optional<std::int64_t> Whole(const XmlElement& element, std::string_view name,
                                    std::int64_t least, std::int64_t most);
  // The same; absent is an error too.
  std::optional<std::int64_t> NeedWhole(const XmlElement& element, std::string_view name,
                                        std::int64_t least, std::int64_t most);
  // "0000:1B:00.0" in lower case; absent or malformed: an error.
  std::optional<std::string> BusId(const XmlElement& element, std::string_view name);

  // An error at the element; `name` may be empty.
  void Error(const XmlElement& element, std::string_view name, std::string message);

 private:
  std::string file_;
  Diagnostics& errors_;
};

// Lower case; empty when it is not domain:bus:device.function in hexadecimal digits.
[[nodiscard]] std::string NormalBusId(std::string_view text);
// Without the function digit: functions of one device share a link, and NVLink names the device.
[[nodiscard]] std::string BusDevice(const std::string& bus_id);

}  // namespace switchyard
