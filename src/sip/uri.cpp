// SPDX-License-Identifier: Apache-2.0
// SIP and SIPS URIs (RFC 3261 19.1, 25.1; IPv6 references as RFC 5954 corrects them).
#include <algorithm>

#include "core/endpoint.h"
#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/header_lexer.h"
#include "sip/header_values.h"

namespace sallyport::sip {
namespace {

constexpr auto kNpos = std::string_view::npos;

int hexValue(char c) { return isDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

// Every byte in the class, or the start of a whole escape.
bool isEscapedIn(std::string_view text, CharClass char_class) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (isIn(text[i], char_class)) continue;
    if (text[i] != '%' || text.size() - i < 3 || !isHexDigit(text[i + 1]) || !isHexDigit(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

bool isScheme(std::string_view text) {
  if (text.empty() || !isAlpha(text.front())) return false;
  for (const char c : text) {
    if (!isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

// pname [ "=" pvalue ] between semicolons; an empty one is refused.
bool areUriParams(std::string_view text) {
  for (;;) {
    const std::size_t end = text.find(';');
    const std::string_view param = text.substr(0, end);
    const std::size_t equals = param.find('=');
    if (equals == 0 || param.empty() || equals + 1 == param.size()) return false;
    if (!isEscapedIn(param, kUriParamChar)) return false;
    if (end == kNpos) return true;
    text.remove_prefix(end + 1);
  }
}

// hname "=" hvalue between ampersands.
bool areUriHeaders(std::string_view text) {
  for (;;) {
    const std::size_t end = text.find('&');
    const std::string_view header = text.substr(0, end);
    const std::size_t equals = header.find('=');
    if (equals == 0 || equals == kNpos || !isEscapedIn(header, kUriHeaderChar)) return false;
    if (end == kNpos) return true;
    text.remove_prefix(end + 1);
  }
}

bool isLabel(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  for (const char c : label) {
    if (!isAlpha(c) && !isDigit(c) && c != '-' && c != '_') return false;
  }
  return true;
}

bool isIpv6Reference(std::string_view text) {
  const auto is_v6 = [](std::string_view address) {
    const auto parsed = IpAddress::parse(address);
    return parsed && !parsed->isV4();
  };
  // RFC 5118 4.10: the grammar of RFC 3261 wrote a third colon before an embedded IPv4 address. It is
  // read without it; such a host is no address to anybody until it has been written again.
  const std::size_t colons = text.find(":::");
  if (colons == kNpos) return is_v6(text);
  const std::string_view embedded = text.substr(colons + 3, text.size() - colons - 4);
  return IpAddress::parse(embedded) && is_v6(std::string{text}.erase(colons, 1));
}

}  // namespace

bool isHost(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  if (text.front() == '[') return text.back() == ']' && isIpv6Reference(text);
  const char last = text.back() == '.' && text.size() > 1 ? text[text.size() - 2] : text.back();
  if (isDigit(last)) {
    const std::size_t dot = text.rfind('.');
    bool numeric = true;  // a last label of digits alone is no toplabel: only a dotted quad may end so
    for (const char c : text.substr(dot == kNpos ? 0 : dot + 1)) numeric = numeric && isDigit(c);
    if (numeric) {
      const auto address = IpAddress::parse(text);
      return address && address->isV4();
    }
  }
  std::string_view rest = text;
  if (rest.back() == '.') rest.remove_suffix(1);
  for (;;) {
    const std::size_t dot = rest.find('.');
    if (!isLabel(rest.substr(0, dot))) return false;
    if (dot == kNpos) return true;
    rest.remove_prefix(dot + 1);
  }
}

bool Uri::isSip() const { return equalsIgnoringCase(scheme, "sip"); }
bool Uri::isSips() const { return equalsIgnoringCase(scheme, "sips"); }

Result<Uri> Uri::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  Uri out;
  out.scheme = text.substr(0, colon);
  if (colon == kNpos || colon + 1 == text.size() || !isScheme(out.scheme)) {
    return misbehaved("sip.uri.scheme", excerpt(text));
  }
  out.opaque = text.substr(colon + 1);
  if (!out.isSip() && !out.isSips()) {
    if (!allIn(out.opaque, kUriChar)) return misbehaved("sip.uri.scheme", excerpt(text));
    return out;
  }

  std::string_view rest = out.opaque;
  if (const std::size_t at = rest.find('@'); at != kNpos) {
    const std::size_t password = rest.substr(0, at).find(':');
    out.user = rest.substr(0, std::min(password, at));
    const bool password_ok =
        password == kNpos || isEscapedIn(rest.substr(password + 1, at - password - 1), kPasswordChar);
    if (out.user.empty() || !isEscapedIn(out.user, kUserChar) || !password_ok) {
      return misbehaved("sip.uri.user", excerpt(text));
    }
    rest.remove_prefix(at + 1);
  }

  const std::size_t end = rest.find_first_of(";?");
  const std::string_view host_port = rest.substr(0, end);
  const std::size_t bracket = host_port.empty() || host_port.front() != '[' ? 0 : host_port.find(']');
  const std::size_t port = bracket == kNpos ? kNpos : host_port.find(':', bracket);
  out.host = host_port.substr(0, port);
  if (!isHost(out.host)) return misbehaved("sip.uri.host", excerpt(text));
  if (port != kNpos) {
    const auto number = parseUnsigned(host_port.substr(port + 1), 1, 65'535);
    if (!number) return misbehaved("sip.uri.port", excerpt(text));
    out.port = static_cast<std::uint16_t>(*number);
  }
  if (end == kNpos) return out;

  rest.remove_prefix(end);
  const std::size_t question = rest.find('?');
  if (rest.front() == ';') {
    out.params = Params{rest.substr(1, question == kNpos ? kNpos : question - 1)};
    if (!areUriParams(out.params.text())) return misbehaved("sip.uri.params", excerpt(text));
  }
  if (question != kNpos) {
    out.headers = rest.substr(question + 1);
    if (!areUriHeaders(out.headers)) return misbehaved("sip.uri.headers", excerpt(text));
  }
  return out;
}

std::string escapedUser(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (isIn(c, kUserChar)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 0xF]});
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3 || !isHexDigit(text[i + 1]) || !isHexDigit(text[i + 2])) return std::nullopt;
    const int value = hexValue(text[i + 1]) * 16 + hexValue(text[i + 2]);
    if (value == 0) return std::nullopt;
    out.push_back(static_cast<char>(value));
    i += 2;
  }
  return out;
}

}  // namespace sallyport::sip
