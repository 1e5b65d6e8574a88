#include "sim/base/diagnostics.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace switchyard {
namespace {

// Levenshtein distance, two rows.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({substitute, above + 1, row[j - 1] + 1});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Join(const std::vector<std::string>& words) {
  constexpr std::size_t kMaxListed = 40;
  std::string out;
  for (std::size_t i = 0; i < std::min(words.size(), kMaxListed); ++i) {
    out += (i == 0 ? "" : ", ") + words[i];
  }
  if (words.size() > kMaxListed) out += ", …";
  return out;
}

}  // namespace

std::string Diagnostic::ToString() const {
  std::string out;
  if (!where.file.empty()) {
    out += where.file + ":";
    if (where.line > 0) {
      out += std::to_string(where.line) + ":" + std::to_string(where.column) + ":";
    }
    out += " ";
  }
  out += "error: ";
  if (!path.empty()) out += path + ": ";
  return out + message;
}

Diagnostic Problem(std::string message) {
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  return diagnostic;
}

std::string ToString(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) out += d.ToString() + "\n";
  return out;
}

std::string_view NearestName(std::string_view found, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestName =
      64;  // longer input is no misspelt name; keeps the cost bounded
  if (found.empty() || found.size() > kLongestName) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, found.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(found, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string Suggestion(std::string_view found, const std::vector<std::string>& candidates) {
  const std::string_view near = NearestName(found, candidates);
  if (!near.empty()) return "; did you mean '" + std::string(near) + "'?";
  return candidates.empty() ? std::string() : "; allowed: " + Join(candidates);
}

}  // namespace switchyard
