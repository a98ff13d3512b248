// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>

namespace sallyport::config {

std::string HostPort::toString() const { return port ? host + ":" + std::to_string(*port) : host; }

std::string Identity::toString() const {
  switch (kind) {
    case IdentityKind::dns: return "dns:" + value;
    case IdentityKind::uri: return "uri:" + value;
    case IdentityKind::ip: break;
  }
  return "ip:" + value;
}

bool UserPattern::matches(std::string_view user) const {
  switch (kind) {
    case PatternKind::exact: return user == text;
    case PatternKind::prefix: return user.starts_with(text);
    case PatternKind::any: break;
  }
  return true;
}

std::string UserPattern::toString() const {
  switch (kind) {
    case PatternKind::exact: return text;
    case PatternKind::prefix: return text + "*";
    case PatternKind::any: break;
  }
  return "*";
}

const Peer* Config::peer(std::string_view name) const {
  const auto found = std::find_if(peers.begin(), peers.end(), [&](const Peer& each) { return each.name == name; });
  return found == peers.end() ? nullptr : &*found;
}

const Trust* Config::trust(std::string_view name) const {
  const auto found = std::find_if(trusts.begin(), trusts.end(), [&](const Trust& each) { return each.name == name; });
  return found == trusts.end() ? nullptr : &*found;
}

std::string_view toString(KeyUsage usage) {
  switch (usage) {
    case KeyUsage::client: return "client";
    case KeyUsage::server: return "server";
    case KeyUsage::any: break;
  }
  return "any";
}

std::string_view toString(Tier tier) { return tier == Tier::strict ? "strict" : "compatible"; }

std::string_view toString(Codec codec) {
  switch (codec) {
    case Codec::opus: return "opus";
    case Codec::pcmu: return "PCMU";
    case Codec::pcma: break;
  }
  return "PCMA";
}

std::string_view toString(RuleMode mode) {
  switch (mode) {
    case RuleMode::off: return "off";
    case RuleMode::shadow: return "shadow";
    case RuleMode::enforce: break;
  }
  return "enforce";
}

std::string_view toString(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::notice: return "notice";
    case LogLevel::warning: return "warning";
    case LogLevel::error: break;
  }
  return "error";
}

std::string_view toString(Disclosure disclosure) {
  switch (disclosure) {
    case Disclosure::respectPrivacy: return "respect-privacy";
    case Disclosure::always: return "always";
    case Disclosure::never: break;
  }
  return "never";
}

}  // namespace sallyport::config
