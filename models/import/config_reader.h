// Typed reading of a model configuration by lists of alternative key names. Errors and notes are
// collected, so that all of them reach the user at once.
//
//   ConfigReader reader(root, "config.json");
//   std::uint32_t hidden = reader.Required({"hidden_size", "dim"}, kMaxWidth);
//   if (!reader.errors().empty()) return reader.errors();
//
// A key that is null counts as absent. Two alternatives with different values are an error. After
// an error a reading call returns an empty or zero value and the caller goes on.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/import/json_document.h"
#include "sim/base/diagnostics.h"

namespace switchyard {

class ConfigReader {
 public:
  using Keys = std::initializer_list<std::string_view>;

  // Reads `text_config` of `root` where there is one (multimodal models nest the language model
  // there), else `root`. Both arguments must outlive the reader.
  ConfigReader(const JsonObject& root, const std::string& file);

  [[nodiscard]] bool Has(std::string_view key) const;  // present, null included
  [[nodiscard]] bool HasAny(Keys keys) const;
  [[nodiscard]] bool States(Keys keys) const;  // any of them present and not null
  [[nodiscard]] bool IsList(std::string_view key) const;
  // Whole number in 0..max. With `least` 1 a zero is an error.
  std::optional<std::uint32_t> Number(Keys keys, std::uint32_t max, std::uint32_t least = 0);
  // The same, at least 1; an error when absent.
  std::uint32_t Required(Keys keys, std::uint32_t max);
  std::optional<std::string_view> Text(Keys keys);
  // Whole numbers in 0..max.
  std::optional<std::vector<std::uint32_t>> List(std::string_view key, std::uint32_t max);
  // The same of the text model, else of the file's top level.
  std::optional<std::string_view> TextAnywhere(Keys keys);
  std::optional<bool> FlagAnywhere(Keys keys);
  const JsonObject* ObjectAnywhere(std::string_view key);

  // An error at the key, or about the whole file where the key is absent.
  void Error(std::string_view key, std::string message);
  void Missing(Keys keys, std::string_view needed);
  void Note(std::string text) { notes_.push_back(std::move(text)); }

  [[nodiscard]] const Diagnostics& errors() const { return errors_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  const JsonMember* Find(const JsonObject& object, Keys keys);
  const JsonMember* FindAnywhere(Keys keys);
  std::optional<std::uint32_t> ToNumber(const JsonValue& value, std::uint32_t max,
                                        std::uint32_t least) const;
  void ErrorAt(const JsonMember& member, std::string message);
  // The member's value as a T; an error naming what is `wanted` when it is something else.
  template <class T>
  const T* As(const JsonMember* member, std::string_view wanted);

  const JsonObject* root_;
  const JsonObject* config_;
  const std::string* file_;
  Diagnostics errors_;
  std::vector<std::string> notes_;
};

}  // namespace switchyard
