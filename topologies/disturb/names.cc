#include "topologies/disturb/names.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace switchyard {
namespace {

// Names of which one may be meant: a suggestion needs no more, and large clusters have many.
constexpr std::size_t kMaxCandidates = 4096;

Diagnostic NotFound(std::string_view what, std::string_view name,
                    const std::vector<std::string>& known) {
  const std::string_view nearest = NearestName(name, known);
  std::string text = "no " + std::string(what) + " is named '" + std::string(name) + "'";
  if (!nearest.empty()) return Problem(text + "; did you mean '" + std::string(nearest) + "'?");
  if (known.empty()) return Problem(text + ": the cluster has none");
  return Problem(text + "; names are like '" + known.front() + "', '*' stands for any text");
}

std::optional<LinkTier> TierNamed(std::string_view name) {
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    if (ToString(static_cast<LinkTier>(t)) == name) return static_cast<LinkTier>(t);
  }
  return std::nullopt;
}

std::optional<std::size_t> AsNumber(std::string_view name) {
  std::size_t number = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

// Greedy with one way back: to the last '*', which then takes one character more.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

PlatformNames::PlatformNames(const Platform& platform) : platform_(platform) {
  vertices_.reserve(platform.vertices().size());
  for (std::size_t v = 0; v < platform.vertices().size(); ++v) {
    vertices_.push_back(platform.VertexName(VertexId(v)));
  }
  for (std::size_t d = 0; d < platform.num_devices(); ++d) {
    devices_.emplace(vertices_[platform.gpu(DeviceId(d)).index()], DeviceId(d));
  }
}

std::vector<std::string> PlatformNames::KnownNames(std::optional<VertexKind> kind) const {
  std::vector<std::string> names;
  for (std::size_t v = 0; v < vertices_.size() && names.size() < kMaxCandidates; ++v) {
    if (!kind || platform_.vertices()[v].kind == *kind) names.push_back(vertices_[v]);
  }
  return names;
}

std::vector<bool> PlatformNames::Vertices(std::string_view pattern,
                                          std::optional<VertexKind> kind) const {
  std::vector<bool> named(vertices_.size());
  for (std::size_t v = 0; v < named.size(); ++v) {
    const bool candidate = !kind || platform_.vertices()[v].kind == *kind;
    named[v] = candidate && MatchesPattern(vertices_[v], pattern);
  }
  return named;
}

std::vector<LinkId> PlatformNames::LinksBetween(const std::vector<bool>& from,
                                                const std::vector<bool>& to, bool both) const {
  std::vector<LinkId> links;
  for (std::size_t l = 0; l < platform_.links().size(); ++l) {
    const bool begins = from[platform_.links()[l].from.index()];
    const bool ends = to[platform_.links()[l].to.index()];
    if (both ? begins && ends : begins || ends) links.emplace_back(l);
  }
  return links;
}

std::vector<LinkId> PlatformNames::LinksOfTier(LinkTier tier) const {
  std::vector<LinkId> links;
  for (std::size_t l = 0; l < platform_.links().size(); ++l) {
    if (platform_.links()[l].tier == tier) links.emplace_back(l);
  }
  return links;
}

Result<std::vector<LinkId>> PlatformNames::Links(std::string_view name) const {
  std::vector<LinkId> links;
  if (const auto tier = TierNamed(name)) {
    links = LinksOfTier(*tier);
    if (!links.empty()) return links;
    return Problem("the cluster has no link of tier '" + std::string(name) + "'");
  }
  const std::size_t arrow = name.find('>');
  if (arrow != std::string_view::npos) {
    links = LinksBetween(Vertices(name.substr(0, arrow), std::nullopt),
                         Vertices(name.substr(arrow + 1), std::nullopt), true);
    if (!links.empty()) return links;
    std::vector<std::string> known;
    for (std::size_t l = 0; l < platform_.links().size() && l < kMaxCandidates; ++l) {
      known.push_back(platform_.LinkName(LinkId(l)));
    }
    return NotFound("link", name, known);
  }
  const std::vector<bool> named = Vertices(name, std::nullopt);
  links = LinksBetween(named, named, false);
  if (!links.empty()) return links;
  std::vector<std::string> known = KnownNames(std::nullopt);
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    known.emplace_back(ToString(static_cast<LinkTier>(t)));
  }
  return NotFound("link, device or tier", name, known);
}

Result<std::vector<LinkId>> PlatformNames::NicLinks(std::string_view name) const {
  const std::vector<bool> named = Vertices(name, VertexKind::kNic);
  std::vector<LinkId> links = LinksBetween(named, named, false);
  if (!links.empty()) return links;
  return NotFound("NIC", name, KnownNames(VertexKind::kNic));
}

Result<std::vector<DeviceId>> PlatformNames::Gpus(std::string_view name) const {
  if (const auto number = AsNumber(name)) {
    if (*number < platform_.num_devices()) return std::vector<DeviceId>{DeviceId(*number)};
    return Problem("no GPU has the number " + std::string(name) + "; there are " +
                   std::to_string(platform_.num_devices()) + ", counted from 0");
  }
  std::vector<DeviceId> devices;
  const bool pattern = name.find('*') != std::string_view::npos;
  const auto exact = devices_.find(name);
  if (exact != devices_.end()) devices.push_back(exact->second);
  for (std::size_t d = 0; pattern && d < platform_.num_devices(); ++d) {
    const std::string& gpu = vertices_[platform_.gpu(DeviceId(d)).index()];
    if (MatchesPattern(gpu, name)) devices.emplace_back(d);
  }
  if (!devices.empty()) return devices;
  return NotFound("GPU", name, KnownNames(VertexKind::kGpu));
}

}  // namespace switchyard
