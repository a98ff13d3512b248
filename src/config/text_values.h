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
bool isSipIdentity(std::string_view text);  // "sip:user@host" or "sips:user@host"

// Of at most 64 bytes [A-Za-z0-9_.-]: a name that is safe as a label and in a table.
bool isName(std::string_view text);

// What was probably meant: a candidate that begins with the word, or the one at the smallest edit
// distance (a swap of neighbours counts one) when that is at most a third of it. Empty when none is near.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace sallyport::config
