// SPDX-License-Identifier: Apache-2.0
#include "crypto/peer_identity.h"

#include <algorithm>

#include "core/endpoint.h"

namespace sallyport::crypto {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;

bool isAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool isLabel(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return isAlnum(c) || c == '-' || c == '_'; });
}

bool isHostName(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  for (;;) {
    const auto dot = name.find('.');
    if (!isLabel(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

// Narrower than RFC 3261 25.1: no escapes and no separators, so that a user has one spelling.
bool isUser(std::string_view user) {
  return !user.empty() && std::all_of(user.begin(), user.end(), [](char c) {
    return isAlnum(c) || std::string_view{"-_.+~"}.find(c) != std::string_view::npos;
  });
}

std::string normalUri(std::string_view uri) {
  if (const auto sip = parseSipIdentity(uri)) {
    return sip->user.empty() ? "sip:" + sip->host : "sip:" + sip->user + "@" + sip->host;
  }
  return std::string{uri};
}

}  // namespace

std::optional<SipIdentity> parseSipIdentity(std::string_view uri) {
  constexpr std::string_view kScheme = "sip:";
  if (lower(uri.substr(0, kScheme.size())) != kScheme) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  SipIdentity identity;
  if (const auto at = uri.find('@'); at != std::string_view::npos) {
    if (!isUser(uri.substr(0, at))) return std::nullopt;
    identity.user = uri.substr(0, at);
    uri.remove_prefix(at + 1);
  }
  if (!isHostName(uri)) return std::nullopt;
  identity.host = lower(uri);
  return identity;
}

std::optional<SubjectAltName> normalIdentity(const SubjectAltName& identity) {
  switch (identity.kind) {
    case SanKind::dns: {
      const auto name = lower(identity.value);
      const bool valid = isWildcard(name) ? isHostName(withoutLeftLabel(name)) : isHostName(name);
      if (!valid) return std::nullopt;
      return SubjectAltName{SanKind::dns, name};
    }
    case SanKind::ip: {
      const auto address = IpAddress::parse(identity.value);
      if (!address) return std::nullopt;
      return SubjectAltName{SanKind::ip, address->toString()};
    }
    case SanKind::uri: {
      const bool printable =
          std::all_of(identity.value.begin(), identity.value.end(), [](char c) { return c > 0x20 && c < 0x7f; });
      if (!printable || identity.value.find(':') == std::string::npos) return std::nullopt;
      return SubjectAltName{SanKind::uri, normalUri(identity.value)};
    }
    case SanKind::email: break;
  }
  return std::nullopt;
}

std::vector<std::string> keysOf(const SubjectAltName& san) {
  if (san.kind != SanKind::uri) return {san.toString()};
  std::vector<std::string> keys{"uri:" + normalUri(san.value)};
  // RFC 5922 7.1: a SIP URI without a user names the domain.
  if (const auto sip = parseSipIdentity(san.value); sip && sip->user.empty()) keys.push_back("dns:" + sip->host);
  return keys;
}

bool isWildcard(std::string_view dns_name) { return dns_name.starts_with("*."); }

std::string_view withoutLeftLabel(std::string_view dns_name) {
  const auto dot = dns_name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : dns_name.substr(dot + 1);
}

}  // namespace sallyport::crypto
