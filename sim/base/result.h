// A value, or the reasons why there is none. For expected failures (a user's file, the disk);
// broken invariants of our own are SWITCHYARD_CHECK (check.h).
//
//   Result<Model> model = LoadModel(path);
//   if (!model.ok()) return model.errors();
//   Use(model.value());
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "sim/base/diagnostics.h"

namespace switchyard {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}                        // NOLINT: implicit by design
  Result(Diagnostics errors) : state_(std::move(errors)) {}            // NOLINT: implicit by design
  Result(Diagnostic error) : state_(Diagnostics{std::move(error)}) {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }
  // Only when ok(); std::bad_variant_access otherwise.
  [[nodiscard]] const T& value() const& { return std::get<T>(state_); }
  [[nodiscard]] T& value() & { return std::get<T>(state_); }
  [[nodiscard]] T&& value() && { return std::get<T>(std::move(state_)); }
  // Only when !ok(); never empty.
  [[nodiscard]] const Diagnostics& errors() const { return std::get<Diagnostics>(state_); }

 private:
  std::variant<T, Diagnostics> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Diagnostics errors) : errors_(std::move(errors)) {}  // NOLINT: implicit by design
  // NOLINTNEXTLINE: implicit by design
  Result(Diagnostic error) : errors_(Diagnostics{std::move(error)}) {}

  [[nodiscard]] bool ok() const { return !errors_.has_value(); }
  [[nodiscard]] const Diagnostics& errors() const { return *errors_; }

 private:
  std::optional<Diagnostics> errors_;
};

// An error about a file as a whole.
[[nodiscard]] inline Diagnostic FileError(std::string file, std::string message) {
  return {{std::move(file), 0, 0}, "", std::move(message)};
}

}  // namespace switchyard
