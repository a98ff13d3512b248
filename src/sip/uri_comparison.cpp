// SPDX-License-Identifier: Apache-2.0
// When two URIs are one (RFC 3261 19.1.4).
#include <algorithm>
#include <array>

#include "sip/char_class.h"
#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;
enum class Case : std::uint8_t { sensitive, ignored };

int hexValue(char c) { return isDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

// The next character of `rest`. An escape that stands for an unreserved character is that character; any
// other escape stays an escape, since a reserved character means something else (RFC 3986 2.2): it is
// given as a number past every character.
int nextCharacter(std::string_view& rest) {
  const char first = rest.front();
  if (first != '%' || rest.size() < 3 || !isHexDigit(rest[1]) || !isHexDigit(rest[2])) {
    rest.remove_prefix(1);
    return static_cast<unsigned char>(first);
  }
  const int value = hexValue(rest[1]) * 16 + hexValue(rest[2]);
  rest.remove_prefix(3);
  const char c = static_cast<char>(value);
  const bool unreserved = isAlpha(c) || isDigit(c) || std::string_view{"-_.!~*'()"}.find(c) != kNpos;
  return unreserved ? value : value + 256;
}

bool sameText(std::string_view a, std::string_view b, Case letters) {
  if (a == b) return true;
  while (!a.empty() && !b.empty()) {
    int x = nextCharacter(a);
    int y = nextCharacter(b);
    if (letters == Case::ignored && x < 128 && y < 128) {
      x = lower(static_cast<char>(x));
      y = lower(static_cast<char>(y));
    }
    if (x != y) return false;
  }
  return a.empty() && b.empty();
}

// Everything before the host: user and password.
std::string_view userInfo(const Uri& uri) {
  const std::size_t at = uri.opaque.find('@');
  return at == kNpos || uri.user.empty() ? std::string_view{} : uri.opaque.substr(0, at);
}

// A parameter of `a` that `b` has too is the same there; one of those that say where a request goes is in both.
bool paramsAgree(const Params& a, const Params& b) {
  constexpr std::array<std::string_view, 4> kNeverIgnored = {"user", "ttl", "method", "maddr"};
  for (std::string_view rest = a.text(); !rest.empty();) {
    const std::size_t end = rest.find(';');
    const std::string_view param = rest.substr(0, end);
    rest = end == kNpos ? std::string_view{} : rest.substr(end + 1);
    const std::size_t equals = param.find('=');
    const std::string_view name = param.substr(0, equals);
    const auto other = b.find(name);
    if (!other) {
      if (std::any_of(kNeverIgnored.begin(), kNeverIgnored.end(),
                      [&](std::string_view kept) { return equalsIgnoringCase(kept, name); }))
        return false;
      continue;
    }
    if (!sameText(equals == kNpos ? std::string_view{} : param.substr(equals + 1), *other, Case::ignored)) return false;
  }
  return true;
}

}  // namespace

bool equivalent(const Uri& a, const Uri& b) {
  if (!equalsIgnoringCase(a.scheme, b.scheme)) return false;
  if (!a.isSip() && !a.isSips()) return a.opaque == b.opaque;
  return equalsIgnoringCase(a.host, b.host) && a.port == b.port &&
         sameText(userInfo(a), userInfo(b), Case::sensitive) && a.headers == b.headers &&
         paramsAgree(a.params, b.params) && paramsAgree(b.params, a.params);
}

}  // namespace sallyport::sip
