// SPDX-License-Identifier: Apache-2.0
#include "config/text_values.h"

#include <algorithm>
#include <array>
#include <vector>

#include "config/choices.h"
#include "core/numbers.h"

namespace sallyport::config {
namespace {

constexpr std::size_t kLongestWord = 64;  // what edit distance is worth computing for
constexpr std::size_t kLongestText = 256;
constexpr std::size_t kLongestNumber = 15;  // E.164 6.2.1
constexpr std::chrono::minutes kDay{24 * 60};
constexpr std::chrono::minutes kLargestOffset{14 * 60};
constexpr std::size_t kTellingBeginning = 3;  // "warn" means "warning"

struct Unit {
  std::string_view suffix;
  std::int64_t milliseconds;
};

// "ms" before "s" and "m": the longest suffix decides.
constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000}};
constexpr std::uint64_t kLongestCount = 1'000'000'000;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isAlphanumeric(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || isDigit(c); }

// RFC 1123 2.1, with the limits of RFC 1035 2.3.4.
bool isDomainName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  std::string_view last;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('.', at), text.size());
    last = text.substr(at, end - at);
    if (last.empty() || last.size() > 63 || last.front() == '-' || last.back() == '-') return false;
    if (!std::all_of(last.begin(), last.end(), [](char c) { return isAlphanumeric(c) || c == '-'; })) return false;
    at = end + 1;
  }
  return !std::all_of(last.begin(), last.end(), isDigit);  // else a mistyped IPv4 address
}

bool isVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// "08:30"; "24:00" is the day's end.
std::optional<std::chrono::minutes> minutesOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hours = parseUnsigned(text.substr(0, 2), 0, 24), minutes = parseUnsigned(text.substr(3), 0, 59);
  if (!hours || !minutes || *hours * 60 + *minutes > static_cast<std::uint64_t>(kDay.count())) return std::nullopt;
  return std::chrono::minutes{*hours * 60 + *minutes};
}

// "Mon-Fri,Sun"
bool isDays(std::string_view text) {
  constexpr std::array<std::string_view, 7> kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  for (std::size_t at = 0;; at += 4) {
    if (std::find(kDays.begin(), kDays.end(), text.substr(std::min(at, text.size()), 3)) == kDays.end()) return false;
    if (at + 3 == text.size()) return true;
    const bool range = text[at + 3] == '-' && (at < 4 || text[at - 1] == ',');
    if (!range && text[at + 3] != ',') return false;
  }
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differs});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<Milliseconds> parseDuration(std::string_view text) {
  for (const auto& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto count = parseUnsigned(text.substr(0, text.size() - unit.suffix.size()), 0, kLongestCount);
    if (!count) return std::nullopt;
    return Milliseconds{static_cast<std::int64_t>(*count) * unit.milliseconds};
  }
  return std::nullopt;
}

std::string durationText(Milliseconds duration) {
  const auto count = duration.count();
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    if (count >= unit->milliseconds && count % unit->milliseconds == 0) {
      return std::to_string(count / unit->milliseconds) + std::string{unit->suffix};
    }
  }
  return std::to_string(count) + "ms";
}

std::optional<std::string> parseHost(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return hostText(*address);
  if (!isDomainName(text)) return std::nullopt;
  std::string host{text};
  std::transform(host.begin(), host.end(), host.begin(), lower);
  return host;
}

std::optional<HostPort> parseHostPort(std::string_view text) {
  if (const auto host = parseHost(text)) return HostPort{*host, std::nullopt};
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = parseHost(text.substr(0, colon));
  const auto port = parseUnsigned(text.substr(colon + 1), 1, 65'535);
  if (!host || !port) return std::nullopt;
  return HostPort{std::move(*host), static_cast<std::uint16_t>(*port)};
}

std::optional<std::pair<std::uint16_t, std::uint16_t>> parsePortRange(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parseUnsigned(text.substr(0, dash), 1, 65'535);
  const auto last = parseUnsigned(text.substr(dash + 1), 1, 65'535);
  if (!first || !last) return std::nullopt;
  return std::pair{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::optional<Identity> parseIdentity(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto kind = text.substr(0, colon);
  const auto value = text.substr(colon + 1);
  if (kind == "dns") {
    if (!isDomainName(value)) return std::nullopt;
    return Identity{IdentityKind::dns, *parseHost(value)};
  }
  if (kind == "ip") {
    const auto address = IpAddress::parse(value);
    if (!address) return std::nullopt;
    return Identity{IdentityKind::ip, address->toString()};
  }
  const bool sip = value.starts_with("sip:") || value.starts_with("sips:");
  if (kind != "uri" || !sip || value.ends_with(':') || !isVisible(value)) return std::nullopt;
  return Identity{IdentityKind::uri, std::string{value}};
}

std::optional<UserPattern> parseUserPattern(std::string_view text) {
  if (text == "*") return UserPattern{};
  auto pattern = UserPattern{PatternKind::exact, std::string{text}};
  if (text.ends_with('*')) {
    pattern.kind = PatternKind::prefix;
    pattern.text.pop_back();
  }
  if (pattern.text.empty() || !isVisible(pattern.text)) return std::nullopt;
  if (pattern.text.find_first_of("*@<>\"") != std::string::npos) return std::nullopt;
  return pattern;
}

bool isSipIdentity(std::string_view text) {
  const auto scheme = text.find(':');
  const auto at = text.find('@');
  if (scheme == std::string_view::npos || at == std::string_view::npos || at <= scheme + 1) return false;
  if (text.substr(0, scheme) != "sip" && text.substr(0, scheme) != "sips") return false;
  const auto user = text.substr(scheme + 1, at - scheme - 1);
  const bool clean = isVisible(user) && user.find_first_of("<>\"?;,") == std::string_view::npos;
  return clean && parseHostPort(text.substr(at + 1)).has_value();
}

bool isName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return isAlphanumeric(c) || c == '_' || c == '.' || c == '-';
  });
}

std::optional<Proofs> parseProofs(std::string_view text) {
  constexpr std::string_view kAnd = " and ";
  Proofs proofs;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(kAnd, at), text.size());
    const auto word = text.substr(at, end - at);
    const auto known =
        std::find_if(kProofs.begin(), kProofs.end(), [&](const auto& each) { return each.first == word; });
    if (known == kProofs.end()) return std::nullopt;
    if (std::find(proofs.begin(), proofs.end(), known->second) != proofs.end()) return std::nullopt;
    proofs.push_back(known->second);
    at = end + kAnd.size();
  }
  return proofs;
}

std::optional<std::string> parsePolicyName(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || !isName(text.substr(0, at))) return std::nullopt;
  const auto year = text.substr(at + 1);
  if (year.size() != 4 || !std::all_of(year.begin(), year.end(), isDigit)) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseHeaderName(std::string_view text) {
  constexpr std::string_view kMarks = "-.!%*_+`'~";
  const bool token = !text.empty() && text.size() <= kLongestWord && std::all_of(text.begin(), text.end(), [&](char c) {
    return isAlphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
  if (!token) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseHttpsUrl(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  if (!text.starts_with(kScheme) || text.size() > kLongestText || !isVisible(text)) return std::nullopt;
  const auto rest = text.substr(kScheme.size());
  if (!parseHostPort(rest.substr(0, rest.find_first_of("/?#")))) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseTurnUrl(std::string_view text) {
  auto rest = text;
  for (const std::string_view scheme : {"turns:", "turn:"}) {
    if (rest.size() == text.size() && rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  if (rest.size() == text.size() || text.size() > kLongestText || !isVisible(text)) return std::nullopt;
  const auto query = std::min(rest.find('?'), rest.size());
  const auto transport = rest.substr(query);
  const bool known = transport.empty() || transport == "?transport=udp" || transport == "?transport=tcp";
  if (!known || !parseHostPort(rest.substr(0, query))) return std::nullopt;
  return std::string{text};
}

// RFC 6454 6.2: the host in lower case, the port only where it is not that of the scheme.
std::optional<std::string> parseOrigin(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  constexpr std::uint16_t kHttps = 443;
  if (!text.starts_with(kScheme) || text.size() > kLongestText) return std::nullopt;
  auto place = parseHostPort(text.substr(kScheme.size()));
  if (!place) return std::nullopt;
  if (place->port == kHttps) place->port.reset();
  return std::string{kScheme} + place->toString();
}

std::optional<std::string> parseStunUrl(std::string_view text) {
  for (const std::string_view scheme : {"stun:", "stuns:"}) {
    if (text.starts_with(scheme) && parseHostPort(text.substr(scheme.size()))) return std::string{text};
  }
  return std::nullopt;
}

std::optional<std::string> parseCountry(std::string_view text) {
  if (text.size() != 2 || !std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
    return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseDigits(std::string_view text) {
  if (text.empty() || text.size() > kLongestNumber || !std::all_of(text.begin(), text.end(), isDigit))
    return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseNumberPrefix(std::string_view text) {
  if (text == "+*") return "+";
  if (text.ends_with('*')) text.remove_suffix(1);
  if (!parseDigits(text.starts_with('+') ? text.substr(1) : text)) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> numberPattern(std::string_view text) {
  if (!text.starts_with('+') || !parseNumberPrefix(text)) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> parseRewrite(std::string_view text) {
  constexpr std::array<std::string_view, 3> kPlaceholders{"{user}", "{number}", "{rest}"};
  if (text.empty() || text.size() > kLongestText || !isVisible(text)) return std::nullopt;
  if (text.find_first_of("@<>\"") != std::string_view::npos) return std::nullopt;
  for (std::size_t at = 0; (at = text.find_first_of("{}", at)) != std::string_view::npos;) {
    const auto known = std::find_if(kPlaceholders.begin(), kPlaceholders.end(),
                                    [&](std::string_view each) { return text.substr(at).starts_with(each); });
    if (known == kPlaceholders.end()) return std::nullopt;
    at += known->size();
  }
  return std::string{text};
}

std::optional<std::string> timeSpan(std::string_view text) {
  auto hours = text;
  if (const auto blank = text.find(' '); blank != std::string_view::npos) {
    if (!isDays(text.substr(0, blank))) return std::nullopt;
    hours = text.substr(blank + 1);
  }
  if (hours.size() != 11 || hours[5] != '-') return std::nullopt;
  const auto from = minutesOf(hours.substr(0, 5)), to = minutesOf(hours.substr(6));
  if (!from || !to || *from == *to || *from == kDay) return std::nullopt;
  return std::string{text};
}

std::optional<std::chrono::minutes> parseUtcOffset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto offset = minutesOf(text.substr(1));
  if (!offset || *offset > kLargestOffset) return std::nullopt;
  return text[0] == '+' ? *offset : -*offset;
}

std::optional<Endpoint> parseServer(std::string_view text) {
  constexpr std::uint16_t kDnsPort = 53;
  if (const auto address = IpAddress::parse(text)) return Endpoint{*address, kDnsPort};
  return Endpoint::parse(text);
}

std::optional<std::string> visibleText(std::string_view text) {
  if (!isVisible(text)) return std::nullopt;
  return quotableText(text);
}

std::optional<std::string> quotableText(std::string_view text) {
  if (text.find_first_of("\"\\") != std::string_view::npos) return std::nullopt;
  return boundedText(text);
}

std::optional<std::string> boundedText(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (text.empty() || text.size() > kLongestText || !printable) return std::nullopt;
  return std::string{text};
}

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > kLongestWord) return {};
  std::string_view best;
  std::size_t best_distance = word.size() / 3 + 1;
  for (const auto candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const bool beginning = word.size() >= kTellingBeginning && candidate.starts_with(word);
    const auto apart = beginning ? 0 : distance(word, candidate);
    if (apart < best_distance) {
      best = candidate;
      best_distance = apart;
    }
  }
  return std::string{best};
}

}  // namespace sallyport::config
