#include "topologies/import/card_yaml.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "sim/base/check.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

std::string InUnit(double value, double unit, std::string_view name) {
  return fmt::format("{} {}", value / unit, name);
}

std::string Rate(BytesPerSecond rate) { return InUnit(rate.value, 1e9, "GB/s"); }
std::string Time(Seconds time) {
  // Rounded to a femtosecond: 1.665 us, not 1.6649999999999998 us.
  constexpr double kMicro = 1e6, kSteps = 1e9;
  return fmt::format("{} us", std::round(time.value * kMicro * kSteps) / kSteps);
}
std::string Compute(FlopsPerSecond rate) { return InUnit(rate.value, 1e12, "TFLOP/s"); }
std::string Size(Bytes size) {
  constexpr double kMebi = 1048576;
  const double mebibytes = size.value / kMebi;
  const bool binary = mebibytes == std::floor(mebibytes) && mebibytes > 0;
  return binary ? InUnit(size.value, kMebi, "MiB") : InUnit(size.value, 1e9, "GB");
}

// A YAML double-quoted scalar, for names that come from outside.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr unsigned kFirstPrintable = 0x20;
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += byte < kFirstPrintable ? ' ' : c;
  }
  return quoted + "\"";
}

// A comment is one line.
std::string Comment(std::string_view text) {
  std::string line = "# ";
  for (const char c : text) line += c == '\n' || c == '\r' ? ' ' : c;
  return line;
}

class CardWriter {
 public:
  explicit CardWriter(const ImportedCluster& imported) : imported_(imported) {}

  std::string Write(const std::string& source) {
    const ClusterSpec& spec = imported_.spec;
    out_ += Comment(fmt::format("Imported from {}: {}", source, imported_.format)) + "\n";
    for (const std::string& line : imported_.found) out_ += Comment(line) + "\n";
    for (const std::string& line : imported_.assumptions)
      out_ += Comment("Assumed: " + line) + "\n";
    out_ += "schema_version: 1\ncluster:\n";
    out_ += fmt::format("  name: {}\n  nodes: 1\n", Quoted(spec.name));
    Device(spec.device);
    Node(spec.node);
    out_ += fmt::format("  paths: {}\n", ToString(spec.paths));
    return std::move(out_);
  }

 private:
  void Line(std::string_view indent, std::string_view field, const std::string& value,
            std::string_view origin) {
    out_ += fmt::format("{}{}: {}  {}\n", indent, field, value, Comment(origin));
  }

  void Device(const DeviceSpec& device) {
    const std::string card = "card " + imported_.card;
    const auto line = [&](std::string_view field, const std::string& value) {
      Line("    ", field, value, card);
    };
    out_ += "  device:\n";
    line("name", Quoted(device.name));
    line("memory_capacity", Size(device.memory_capacity));
    line("memory_bandwidth", Rate(device.memory_bandwidth));
    if (device.fp32_rate.value > 0) line("fp32_rate", Compute(device.fp32_rate));
    line("bf16_rate", Compute(device.bf16_rate));
    if (device.fp8_rate.value > 0) line("fp8_rate", Compute(device.fp8_rate));
    if (device.fp4_rate.value > 0) line("fp4_rate", Compute(device.fp4_rate));
    if (device.idle_power) line("idle_power", InUnit(device.idle_power->value, 1, "W"));
    if (device.busy_power) line("busy_power", InUnit(device.busy_power->value, 1, "W"));
    if (device.comm_power) line("comm_power", InUnit(device.comm_power->value, 1, "W"));
  }

  static std::string LinkClass(const LinkSpec& link) {
    return fmt::format("{{bandwidth: {}, latency: {}}}", Rate(link.bandwidth), Time(link.latency));
  }

  void Node(const NodeSpec& node) {
    const std::string card = "card " + imported_.card;
    out_ += fmt::format("  node:\n    gpus: {}\n", node.gpus);
    if (node.nic) Line("    ", "nic", LinkClass(*node.nic), imported_.nic_origin);
    Line("    ", "host_memory_capacity", Size(node.host_memory_capacity), card);
    out_ += "    links:\n";
    for (std::size_t i = 0; i < node.links.size(); ++i) {
      const NamedLinkSpec& link = node.links[i];
      out_ += fmt::format("      - {{a: {}, b: {}, tier: {}, bandwidth: {}, latency: {}}}  {}\n",
                          link.a, link.b, ToString(link.tier), Rate(link.link.bandwidth),
                          Time(link.link.latency), Comment(imported_.link_origins[i]));
    }
  }

  const ImportedCluster& imported_;
  std::string out_;
};

}  // namespace

std::string ClusterCardYaml(const ImportedCluster& imported, const std::string& source) {
  SWITCHYARD_CHECK(!imported.card.empty(), "a cluster card needs a card to complete it");
  return CardWriter(imported).Write(source);
}

}  // namespace switchyard
