// SPDX-License-Identifier: Apache-2.0
#include "sdp/text.h"

#include <algorithm>

namespace sallyport::sdp {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool isBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool isToken(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar); }

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool startsWithIgnoringCase(std::string_view text, std::string_view lower_case_prefix) {
  return equalsIgnoringCase(text.substr(0, lower_case_prefix.size()), lower_case_prefix);
}

std::string_view takeUntil(std::string_view& text, char separator) {
  const auto at = text.find(separator);
  const auto taken = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return taken;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && isBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && isBlank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::vector<std::string_view>> words(std::string_view text, std::size_t at_most) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto word = takeUntil(text, ' ');
    if (word.empty()) continue;
    if (found.size() == at_most) return std::nullopt;
    found.push_back(word);
  }
  return found;
}

}  // namespace sallyport::sdp
