// SPDX-License-Identifier: Apache-2.0
#pragma once
// The notations inside configuration strings: durations, hosts, port ranges, identities, patterns.
// Internal to config. Each returns nothing when the text is not exactly of that form.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"

namespace sallyport::config {

std::optional<Milliseconds> parseDuration(std::string_view text);  // "500ms", "30s", "5m", "2h"
std::string durationText(Milliseconds duration);

std::optional<std::string> parseHost(std::string_view text);  // a domain name, lower case, or an address
std::optional<HostPort> parseHostPort(std::string_view text);
std::optional<std::pair<std::uint16_t, std::uint16_t>> parsePortRange(std::string_view text);  // "20000-29999"
std::optional<Identity> parseIdentity(std::string_view text);
std::optional<UserPattern> parseUserPattern(std::string_view text);
std::optional<Proofs> parseProofs(std::string_view text);           // "certificate and digest"
std::optional<std::string> parsePolicyName(std::string_view text);  // "acme@2026"
std::optional<std::string> parseHeaderName(std::string_view text);  // a token, RFC 3261 25.1
std::optional<std::string> parseHttpsUrl(std::string_view text);
std::optional<std::string> parseTurnUrl(std::string_view text);  // RFC 7065: "turns:turn.example.org:443?transport=tcp"
std::optional<std::string> parseOrigin(std::string_view text);   // "https://host[:port]", as browsers write it
std::optional<std::string> parseStunUrl(std::string_view text);  // "stun:host[:port]", also stuns: (RFC 7064)
std::optional<std::string> parseCountry(std::string_view text);  // "DE"
std::optional<std::string> parseDigits(std::string_view text);   // at most 15
std::optional<std::string> parseNumberPrefix(std::string_view text);  // "+4930", "030", "+*"; the "*" is dropped
std::optional<std::string> numberPattern(std::string_view text);      // E.164: "+49*" or "+4930123"
std::optional<std::string> parseRewrite(std::string_view text);       // "+49{rest}"
std::optional<std::string> timeSpan(std::string_view text);  // "Mon-Fri,Sun 08:00-18:00"; without days: every day
std::optional<std::chrono::minutes> parseUtcOffset(std::string_view text);  // "+01:00"
std::optional<Endpoint> parseServer(std::string_view text);                 // an address; port 53 unless said
std::optional<std::string> visibleText(std::string_view text);   // printable ASCII without blanks, '"' and '\\'
std::optional<std::string> quotableText(std::string_view text);  // the same, with blanks
std::optional<std::string> boundedText(std::string_view text);   // 1 to 256 bytes of printable ASCII
inline constexpr std::string_view kPolicyNameForm = "a name with its year such as \"acme@2026\"";
bool isSipIdentity(std::string_view text);  // "sip:user@host" or "sips:user@host"

// Of at most 64 bytes [A-Za-z0-9_.-]: a name that is safe as a label and in a table.
bool isName(std::string_view text);

// What was probably meant: a candidate that begins with the word, or the one at the smallest edit
// distance (a swap of neighbours counts one) when that is at most a third of it. Empty when none is near.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sallyport::config
