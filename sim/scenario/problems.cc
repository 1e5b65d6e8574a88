#include "sim/scenario/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace switchyard {
namespace {

constexpr std::size_t kMaxProblems = 100;

// True when one path is the other or lies above it. The empty path is the whole file.
bool OnOneLine(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return a.empty() ||
         (b.starts_with(a) && (b.size() == a.size() || b[a.size()] == '.' || b[a.size()] == '['));
}

}  // namespace

Place Locations::Find(std::string_view path) const {
  while (true) {
    if (const auto it = places_.find(path); it != places_.end()) return it->second;
    if (path.empty()) return {};
    const std::size_t end = path.find_last_of(".[");
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
}

void Problems::Add(const Place& where, std::string path, std::string message) {
  bad_paths_.push_back(path);
  if (full()) return;
  if (where.origin && !where.origin->option.empty()) {
    message += " (in '" + where.origin->option + "')";
  }
  diagnostics_.push_back({where.ToLocation(), std::move(path), std::move(message)});
  if (full()) diagnostics_.push_back({{}, "", "too many errors; the rest is not shown"});
}

void Problems::Add(Diagnostics diagnostics) {
  for (Diagnostic& diagnostic : diagnostics) {
    bad_paths_.push_back(diagnostic.path);
    if (!full()) diagnostics_.push_back(std::move(diagnostic));
  }
}

bool Problems::full() const { return diagnostics_.size() >= kMaxProblems; }

bool Problems::Usable(std::initializer_list<std::string_view> paths) const {
  return std::none_of(paths.begin(), paths.end(), [&](std::string_view path) {
    return std::any_of(bad_paths_.begin(), bad_paths_.end(),
                       [&](const std::string& bad) { return OnOneLine(path, bad); });
  });
}

Diagnostics Problems::Take() {
  std::map<std::string, std::size_t> file_order;
  for (const Diagnostic& d : diagnostics_) file_order.emplace(d.where.file, file_order.size());
  const auto key = [&](const Diagnostic& d) {
    // What belongs to no file comes last.
    const std::size_t file =
        d.where.file.empty() ? diagnostics_.size() : file_order.at(d.where.file);
    return std::tuple(file, d.where.line, d.where.column);
  };
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  return std::move(diagnostics_);
}

std::string JoinPath(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

}  // namespace switchyard
