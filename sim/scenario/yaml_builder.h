// Builds a ConfigNode from yaml-cpp's parse events. Used by ParseYaml alone.
#pragma once

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/scenario/config_node.h"
#include "sim/scenario/text_cursor.h"

namespace switchyard {

// Thrown out of the parser when going on makes no sense (a limit is exceeded); caught in ParseYaml.
struct StopParsing {
  Diagnostic reason;
};

class YamlBuilder : public YAML::EventHandler {
 public:
  YamlBuilder(std::string_view text, OriginPtr origin)
      : cursor_(text), origin_(std::move(origin)) {}

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { Close(); }

  [[nodiscard]] ConfigNode& root() { return root_; }
  [[nodiscard]] Diagnostics& errors() { return errors_; }
  [[nodiscard]] Place At(const YAML::Mark& mark);

 private:
  // An open sequence or mapping.
  struct Frame {
    ConfigNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  // of a mapping: the key was seen, its value comes next
    std::string key;
    Place key_where;
    std::set<std::string> keys;
  };

  void Open(ConfigNode node, YAML::anchor_t anchor);
  void Close();
  // Puts a finished node where it belongs: into the open collection, or as the root.
  void Add(ConfigNode node, YAML::anchor_t anchor);
  void AddKey(const ConfigNode& node);
  void CountNodes(std::size_t more, const Place& where);
  [[nodiscard]] bool ExpectsKey() const;
  [[nodiscard]] std::string Path(const std::string& last) const;
  void Report(const Place& where, std::string path, std::string message);
  void CheckCollectionTag(const std::string& tag, std::string_view core, const Place& where);

  TextCursor cursor_;
  OriginPtr origin_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, ConfigNode> anchors_;
  ConfigNode root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
  Diagnostics errors_;
};

}  // namespace switchyard
