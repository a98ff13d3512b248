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

bool Policy::accepts(Proof proof) const {
  return std::any_of(authentication.begin(), authentication.end(),
                     [&](const Proofs& all) { return std::find(all.begin(), all.end(), proof) != all.end(); });
}

bool Policy::acceptsWithout(Proof proof) const {
  return std::any_of(authentication.begin(), authentication.end(),
                     [&](const Proofs& all) { return std::find(all.begin(), all.end(), proof) == all.end(); });
}

bool Peer::connectable() const { return address || host || !targets.empty(); }

}  // namespace sallyport::config
