// SPDX-License-Identifier: Apache-2.0
#include "call/header_catalogue.h"

#include <algorithm>

#include "core/numbers.h"
#include "sip/char_class.h"
#include "sip/message.h"

namespace sallyport::call {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::size_t kLongestValue = 512;
constexpr std::size_t kLongestReason = 128;
constexpr std::size_t kLongestCustomName = 64;
constexpr std::size_t kMostUris = 4;
constexpr std::size_t kMostReasons = 4;

// Beside those that the edge reads or writes by name: what proves or asserts something on its own hop.
constexpr std::string_view kNever[] = {"Accept-Resource-Priority",
                                       "Flow-Timer",
                                       "Identity-Info",
                                       "Info-Package",
                                       "Join",
                                       "P-Access-Network-Info",
                                       "P-Associated-URI",
                                       "P-Profile-Key",
                                       "P-Served-User",
                                       "P-Visited-Network-ID",
                                       "Recv-Info",
                                       "Refer-Events-At",
                                       "Remote-Party-ID",
                                       "Security-Client",
                                       "Security-Server",
                                       "Security-Verify",
                                       "SIP-ETag",
                                       "SIP-If-Match",
                                       "Target-Dialog"};

bool startsWith(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && sip::equalsIgnoringCase(name.substr(0, prefix.size()), prefix);
}

// The length of the UTF-8 sequence at the front (RFC 3629: shortest form, no surrogates), 0 when it is none.
std::size_t utf8Length(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0u) == 0x80u; };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool shortest = first != 0xE0 || at(1) >= 0xA0;
    const bool surrogate = first == 0xED && at(1) >= 0xA0;
    return follows(1) && follows(2) && shortest && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool in_range = (first != 0xF0 || at(1) >= 0x90) && (first != 0xF4 || at(1) <= 0x8F);
    return follows(1) && follows(2) && follows(3) && in_range ? 4 : 0;
  }
  return 0;
}

bool isText(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8Length(text);
    if (length == 0 || (sip::isControl(text.front()) && text.front() != '\t')) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool areTokens(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return sip::isIn(c, sip::kTokenChar) || std::string_view{" ,;=/"}.find(c) != kNpos;
  });
}

template <typename Scheme>
std::optional<std::string> urisOf(std::string_view value, Scheme kept) {
  std::string out;
  std::size_t count = 0;
  for (sip::ListCursor cursor{value}; const auto element = cursor.next();) {
    const auto address = sip::NameAddr::parse(*element);
    if (!address || !element->starts_with('<')) continue;
    const auto uri = sip::Uri::parse(address->uri);
    if (!uri || !kept(uri->scheme) || ++count > kMostUris) continue;
    out += (out.empty() ? "<" : ", <") + std::string{address->uri} + ">";
  }
  return out.empty() ? std::nullopt : std::optional{out};
}

// "Q.850;cause=16;text=\"Terminated\"": protocol, cause and text, and nothing of what else stands there.
std::optional<std::string> reasonsOf(std::string_view value) {
  std::string out;
  std::size_t count = 0;
  for (sip::ListCursor cursor{value}; const auto element = cursor.next();) {
    const auto end = std::min(element->find(';'), element->size());
    const auto protocol = sip::trim(element->substr(0, end));
    if (!sip::isToken(protocol) || protocol.size() > 16 || ++count > kMostReasons) continue;
    out += (out.empty() ? "" : ", ") + std::string{protocol};
    const sip::Params params{element->substr(std::min(end + 1, element->size()))};
    if (const auto cause = parseUnsigned(params.find("cause").value_or(""), 0, 999))
      out += ";cause=" + std::to_string(*cause);
    const auto text = params.find("text").value_or("");
    if (!text.empty() && text.size() <= kLongestReason && isText(text) && text.find_first_of("\"\\") == kNpos)
      out += ";text=\"" + std::string{text} + "\"";
  }
  return out.empty() ? std::nullopt : std::optional{out};
}

// RFC 7433 4.1: token or quoted string, then parameters.
bool isUserToUser(std::string_view value) {
  const auto isQuotable = [](char c) {
    return sip::isIn(c, sip::kTokenChar) || std::string_view{" ;=,/:\""}.find(c) != kNpos;
  };
  return std::all_of(value.begin(), value.end(), isQuotable) && std::count(value.begin(), value.end(), '"') % 2 == 0;
}

}  // namespace

HeaderStanding standingOf(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kCatalogue); ++i) {
    if (sip::equalsIgnoringCase(kCatalogue[i].name, name)) return {Crossing::catalogued, i};
  }
  const auto is = [&](std::string_view never) { return sip::equalsIgnoringCase(never, name); };
  const bool never = sip::headerIdFrom(name) != sip::HeaderId::other ||
                     std::any_of(std::begin(kNever), std::end(kNever), is) || startsWith(name, "Proxy-") ||
                     startsWith(name, "WWW-") || startsWith(name, "Security-");
  if (never) return {Crossing::never};
  const bool custom =
      (startsWith(name, "X-") || startsWith(name, "P-")) && sip::isToken(name) && name.size() <= kLongestCustomName;
  return {custom ? Crossing::custom : Crossing::unknown};
}

std::optional<std::string> carriedValue(HeaderForm form, std::string_view value) {
  if (value.empty() || value.size() > kLongestValue) return std::nullopt;
  const auto keepIf = [&](bool harmless) { return harmless ? std::optional{std::string{value}} : std::nullopt; };
  switch (form) {
    case HeaderForm::text: return keepIf(isText(value));
    case HeaderForm::tokens: return keepIf(areTokens(value));
    case HeaderForm::userToUser: return keepIf(isUserToUser(value));
    case HeaderForm::reason: return reasonsOf(value);
    case HeaderForm::urns:
      return urisOf(value, [](std::string_view scheme) { return sip::equalsIgnoringCase(scheme, "urn"); });
    case HeaderForm::webUris:
      return urisOf(value, [](std::string_view scheme) {
        return sip::equalsIgnoringCase(scheme, "urn") || sip::equalsIgnoringCase(scheme, "https");
      });
    case HeaderForm::diversion: break;
  }
  return std::nullopt;
}

}  // namespace sallyport::call
