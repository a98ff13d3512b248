// SPDX-License-Identifier: Apache-2.0
#include "sdp/trickle.h"

#include <algorithm>

#include "sdp/ice_lines.h"
#include "sdp/text.h"

namespace sallyport::sdp {
namespace {

constexpr std::size_t kLongestFragment = 16'384;
constexpr std::size_t kMostSections = 16;
constexpr std::size_t kMostAttributes = 128;  // of one section
constexpr std::size_t kLongestMid = 64;

Error misbehaved(const char* code, std::string_view detail = {}) {
  return {ErrorKind::peerMisbehaved, code, std::string{detail.substr(0, 64)}};
}

using Level = std::vector<Attribute>;  // of the fragment first, then of each section

Result<std::vector<Level>> levelsOf(std::string_view text) {
  std::vector<Level> levels(1);
  while (!text.empty()) {
    auto line = takeUntil(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool control = std::any_of(line.begin(), line.end(), [](char c) { return c >= 0 && c < ' ' && c != '\t'; });
    if (control || line.size() < 2 || line[1] != '=') return misbehaved("sdp.trickle.malformed");
    auto value = line.substr(2);
    if (line[0] == 'm') {
      if (levels.size() > kMostSections) return misbehaved("sdp.trickle.too_many_sections");
      levels.emplace_back();
      continue;
    }
    if (line[0] != 'a' || levels.back().size() == kMostAttributes) return misbehaved("sdp.trickle.malformed");
    const auto name = takeUntil(value, ':');
    if (!isToken(name)) return misbehaved("sdp.trickle.malformed");
    levels.back().push_back({name, value});
  }
  return levels;
}

Result<TrickleSection> sectionOf(IceLines lines, const Level& level) {
  TrickleSection section;
  const auto mid = std::find_if(level.begin(), level.end(), [](const auto& line) { return line.name == "mid"; });
  if (mid != level.end()) {
    if (mid->value.size() > kLongestMid || !isToken(mid->value)) return misbehaved("sdp.trickle.malformed", "mid");
    section.mid = mid->value;
  }
  section.candidates = std::move(lines.candidates);
  section.skipped = std::move(lines.skipped);
  section.gathering = lines.gathering;
  return section;
}

}  // namespace

Result<TrickleFragment> parseTrickleFragment(std::string_view text) {
  if (text.size() > kLongestFragment) return misbehaved("sdp.trickle.too_long");
  SP_ASSIGN(const auto levels, levelsOf(text));
  TrickleFragment fragment;
  std::optional<std::string_view> ufrag, password;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    SP_ASSIGN(auto lines, iceLinesIn(levels[i]));
    const bool differs = (ufrag && lines.ufrag && *lines.ufrag != *ufrag) ||
                         (password && lines.password && *lines.password != *password);
    if (differs) return misbehaved("sdp.trickle.credentials");
    if (!ufrag) ufrag = lines.ufrag;
    if (!password) password = lines.password;
    if (i == 0) continue;
    SP_ASSIGN(auto section, sectionOf(std::move(lines), levels[i]));
    fragment.sections.push_back(std::move(section));
  }
  if (!ufrag || !password) return misbehaved("sdp.trickle.credentials");
  SP_ASSIGN(auto credentials, credentialsOf(ufrag, password));
  fragment.credentials = std::move(*credentials);
  return fragment;
}

}  // namespace sallyport::sdp
