// SPDX-License-Identifier: Apache-2.0
#include "call/diversion.h"

#include <algorithm>

#include "call/caller_identity.h"
#include "core/numbers.h"
#include "sip/char_class.h"

namespace sallyport::call {
namespace {

constexpr auto kNpos = std::string_view::npos;
constexpr std::size_t kMostRead = 32;
constexpr std::size_t kLongestUser = 128;
constexpr unsigned kMostTimes = 100;
constexpr unsigned kUnknownCause = 404;

struct CauseName {
  std::string_view reason;  // Diversion's
  unsigned cause;
};
// RFC 7544 3.3.2 and 3.3.3; of two reasons with one cause the first is written.
constexpr CauseName kCauses[] = {{"unknown", 404},     {"unconditional", 302},  {"user-busy", 486},
                                 {"no-answer", 408},   {"deflection", 480},     {"deflection", 487},
                                 {"unavailable", 503}, {"time-of-day", 404},    {"do-not-disturb", 404},
                                 {"follow-me", 404},   {"out-of-service", 404}, {"away", 404}};

unsigned causeOf(std::string_view reason) {
  const auto* found = std::find_if(std::begin(kCauses), std::end(kCauses),
                                   [&](const auto& known) { return sip::equalsIgnoringCase(known.reason, reason); });
  return found == std::end(kCauses) ? kUnknownCause : found->cause;
}

std::string_view reasonOf(unsigned cause) {
  const auto* found =
      std::find_if(std::begin(kCauses), std::end(kCauses), [&](const auto& known) { return known.cause == cause; });
  return found == std::end(kCauses) ? std::string_view{"unknown"} : found->reason;
}

// The user that a URI names, as it may stand in another sip: URI; empty when there is none to tell.
std::string userOf(const sip::Uri& uri) {
  std::string_view user = uri.user;
  if (sip::equalsIgnoringCase(uri.scheme, "tel")) {
    user = uri.opaque.substr(0, uri.opaque.find(';'));
    if (user.find_first_not_of("+0123456789-.()*") != kNpos) return {};
  }
  if (user.size() > kLongestUser || sip::equalsIgnoringCase(user, "anonymous")) return {};
  return std::string{user};
}

// The value of a header escaped into a URI: "Reason" of "?Reason=SIP%3Bcause%3D486".
std::string escapedHeader(const sip::Uri& uri, std::string_view name) {
  std::string_view rest = uri.headers;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size() - 1);
    if (sip::equalsIgnoringCase(pair.substr(0, equals), name))
      return sip::unescaped(pair.substr(equals + 1)).value_or("");
  }
  return {};
}

std::optional<unsigned> causeIn(const sip::Params& params) {
  const auto text = params.find("cause");
  const auto cause = text ? parseUnsigned(*text, 100, 699) : std::nullopt;
  return cause ? std::optional{static_cast<unsigned>(*cause)} : std::nullopt;
}

std::optional<unsigned> causeInReason(const std::string& reason) {
  const auto semicolon = reason.find(';');
  if (semicolon == std::string::npos) return std::nullopt;
  return causeIn(sip::Params{std::string_view{reason}.substr(semicolon + 1)});
}

struct Entry {
  sip::NameAddr address;
  sip::Uri uri;
};

std::vector<Entry> entriesOf(const sip::Message& request, sip::HeaderId id) {
  std::vector<Entry> entries;
  for (const auto value : request.list(id)) {
    if (entries.size() == kMostRead) break;
    const auto address = sip::NameAddr::parse(value);
    if (!address) continue;
    const auto uri = sip::Uri::parse(address->uri);
    if (uri) entries.push_back({*address, *uri});
  }
  return entries;
}

// The newest comes first there.
std::vector<Diverted> readDiversion(const sip::Message& request) {
  std::vector<Diverted> out;
  for (const auto& [address, uri] : entriesOf(request, sip::HeaderId::diversion)) {
    Diverted diverted{userOf(uri)};
    diverted.cause = causeOf(address.params.find("reason").value_or(""));
    const auto privacy = address.params.find("privacy").value_or("off");
    diverted.is_private = diverted.user.empty() || !sip::equalsIgnoringCase(privacy, "off");
    const auto counter = parseUnsigned(address.params.find("counter").value_or(""), 1, kMostTimes);
    diverted.times = static_cast<unsigned>(counter.value_or(1));
    out.push_back(std::move(diverted));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// Whoever stands before an entry with a cause has diverted the call to it; the last entry is where it goes now.
std::vector<Diverted> readHistory(const sip::Message& request) {
  std::vector<Diverted> out;
  const auto entries = entriesOf(request, sip::HeaderId::historyInfo);
  for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
    const auto& uri = entries[i].uri;
    auto cause = causeIn(entries[i + 1].uri.params);
    if (!cause) cause = causeInReason(escapedHeader(uri, "Reason"));
    if (!cause) continue;  // only looked up or routed, by nobody's wish
    Diverted diverted{userOf(uri)};
    diverted.cause = *cause;
    diverted.is_private = diverted.user.empty() || !escapedHeader(uri, "Privacy").empty();
    out.push_back(std::move(diverted));
  }
  return out;
}

struct Shown {
  std::string uri;  // without brackets
  bool is_private;
};

Shown shown(const Diverted& diverted, const DiversionStyle& style) {
  const bool hidden = diverted.user.empty() || (diverted.is_private && style.history == History::respectPrivacy);
  if (hidden) return {"sip:anonymous@anonymous.invalid", true};
  return {"sip:" + diverted.user + "@" + std::string{style.host}, diverted.is_private};
}

}  // namespace

std::vector<Diverted> diversionsOf(const sip::Message& request) {
  auto all = readHistory(request);
  if (all.empty()) all = readDiversion(request);
  const auto wish = privacyOf(request);
  if (wish.history || wish.header || wish.session) {  // RFC 7044 10.1.2
    for (auto& diverted : all) diverted.is_private = true;
  }
  if (all.size() > kMostDiversions) {
    const auto excess = static_cast<std::ptrdiff_t>(all.size() - kMostDiversions);
    all.erase(all.begin() + 1, all.begin() + 1 + excess);
  }
  return all;
}

unsigned timesDiverted(const sip::Message& request) {
  unsigned times = 0;
  for (const auto& diverted : readDiversion(request)) times += diverted.times;
  return std::max(times, static_cast<unsigned>(readHistory(request).size()));
}

std::vector<std::string> asDiversion(const std::vector<Diverted>& diversions, const DiversionStyle& style) {
  std::vector<std::string> lines;
  for (auto diverted = diversions.rbegin(); diverted != diversions.rend(); ++diverted) {
    const auto [uri, is_private] = shown(*diverted, style);
    lines.push_back("<" + uri + ">;reason=" + std::string{reasonOf(diverted->cause)} +
                    ";counter=" + std::to_string(diverted->times) + ";privacy=" + (is_private ? "full" : "off"));
  }
  return lines;
}

std::vector<std::string> asHistoryInfo(const std::vector<Diverted>& diversions, const DiversionStyle& style) {
  std::vector<std::string> lines;
  if (diversions.empty()) return lines;
  std::string index = "1";
  std::string how;    // the cause, in the URI that was diverted to
  std::string where;  // the entry it was diverted from
  for (const auto& diverted : diversions) {
    const auto [uri, is_private] = shown(diverted, style);
    lines.push_back("<" + uri + how + (is_private ? "?Privacy=history" : "") + ">;index=" + index + where);
    how = ";cause=" + std::to_string(diverted.cause);
    where = ";mp=" + index;
    index += ".1";
  }
  lines.push_back("<sip:" + std::string{style.target_user} + "@" + std::string{style.host} + how + ">;index=" + index +
                  where);
  return lines;
}

}  // namespace sallyport::call
