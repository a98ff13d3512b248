// SPDX-License-Identifier: Apache-2.0
#include "app/trust.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "crypto/peer_directory.h"
#include "crypto/tls_context.h"
#include "crypto/trust.h"

namespace sallyport::app {
namespace {

using AnchorSets = std::map<std::string, std::shared_ptr<const crypto::TrustAnchors>>;

Error within(Error error, const std::string& section) {
  error.detail = section + ": " + error.detail;
  return error;
}

Result<AnchorSets> loadAnchors(const config::Config& config) {
  AnchorSets sets;
  for (const auto& trust : config.trusts) {
    crypto::TrustAnchors::Files files{{trust.anchors}, {}};
    if (trust.crl) files.crls.push_back(*trust.crl);
    auto anchors = crypto::TrustAnchors::load(files);
    if (!anchors) return within(std::move(anchors).error(), "trust '" + trust.name + "'");
    sets.emplace(trust.name, *std::move(anchors));
  }
  return sets;
}

crypto::SubjectAltName sanOf(const config::Identity& identity) {
  switch (identity.kind) {
    case config::IdentityKind::dns: return {crypto::SanKind::dns, identity.value};
    case config::IdentityKind::uri: return {crypto::SanKind::uri, identity.value};
    case config::IdentityKind::ip: return {crypto::SanKind::ip, identity.value};
  }
  return {};
}

std::optional<crypto::Eku> ekuOf(config::KeyUsage usage) {
  switch (usage) {
    case config::KeyUsage::any: return crypto::Eku::any;
    case config::KeyUsage::client: return crypto::Eku::client;
    case config::KeyUsage::server: return crypto::Eku::server;
  }
  return std::nullopt;
}

crypto::PeerEntry entryOf(const config::Peer& peer, const AnchorSets& anchors) {
  crypto::PeerEntry entry;
  entry.name = peer.name;
  for (const auto& identity : peer.identities) entry.identities.push_back(sanOf(identity));
  entry.anchors = anchors.at(peer.trust);
  entry.eku = ekuOf(peer.eku);
  entry.wildcards = peer.wildcard ? crypto::Wildcards::oneLabel : crypto::Wildcards::refuse;
  return entry;
}

Result<std::vector<crypto::LocalIdentity>> identitiesOf(const config::Listener& listener) {
  std::vector<crypto::LocalIdentity> identities;
  std::vector<config::KeyPair> pairs{listener.ecdsa};
  if (listener.rsa) pairs.push_back(*listener.rsa);
  for (const auto& pair : pairs) {
    auto identity = crypto::LocalIdentity::load(pair.certificate, pair.key);
    if (!identity) return within(std::move(identity).error(), "listener '" + listener.name + "'");
    identities.push_back(*std::move(identity));
  }
  return identities;
}

// The name sent as SNI: what the configuration says, else the peer's first DNS identity.
std::string serverNameOf(const config::Peer& peer) {
  if (!peer.server_name.empty()) return peer.server_name;
  for (const auto& identity : peer.identities) {
    if (identity.kind == config::IdentityKind::dns) return identity.value;
  }
  return {};
}

guard::RuleMode modeOf(config::RuleMode mode) {
  switch (mode) {
    case config::RuleMode::off: return guard::RuleMode::off;
    case config::RuleMode::shadow: return guard::RuleMode::shadow;
    case config::RuleMode::enforce: return guard::RuleMode::enforce;
  }
  return guard::RuleMode::enforce;
}

// What a Request-URI may name: our domains, the names we are advertised by and certified as, and the addresses
// we listen on. A core that probes us with OPTIONS names the host it connects to.
std::vector<std::string> hostsOf(const config::Config& config, const Certificates& certificates) {
  auto hosts = config.edge.domains;
  for (const auto& listener : config.listeners) {
    if (listener.advertise) hosts.push_back(listener.advertise->host);
    if (!listener.address.address.isUnspecified()) hosts.push_back(hostText(listener.address.address));
  }
  for (const auto& listener : certificates.identities) {
    for (const auto& identity : listener) {
      const auto facts = identity.leaf().facts();
      if (!facts) continue;
      for (const auto& san : facts->sans) {
        if (san.kind == crypto::SanKind::dns && san.value.find('*') == std::string::npos) hosts.push_back(san.value);
      }
    }
  }
  return hosts;
}

}  // namespace

Result<Certificates> loadCertificates(const config::Config& config, const Clock& clock) {
  SP_ASSIGN(const auto anchors, loadAnchors(config));
  auto trust = std::make_shared<call::SignallingTrust>();
  Certificates certificates;

  std::vector<crypto::PeerEntry> entries;
  for (const auto& peer : config.peers) entries.push_back(entryOf(peer, anchors));
  std::optional<crypto::DeviceRule> devices;
  if (config.devices) {
    devices.emplace();
    devices->anchors = anchors.at(config.devices->trust);
    devices->domain = config.devices->domain;
    devices->eku = crypto::Eku::client;
  }
  SP_ASSIGN(trust->peers, crypto::PeerDirectory::build(std::move(entries), std::move(devices)));

  std::optional<crypto::LocalIdentity> ours;
  for (const auto& listener : config.listeners) {
    SP_ASSIGN(auto identities, identitiesOf(listener));
    if (!ours) ours = identities.front();
    SP_ASSIGN(const auto facts, identities.front().leaf().facts());
    certificates.expiries.emplace_back("listener:" + listener.name, facts.not_after);
    certificates.identities.push_back(std::move(identities));
  }

  for (const auto& peer : config.peers) {
    if (!peer.networks.empty()) trust->networks.emplace(peer.name, peer.networks);
    if (!peer.address) continue;
    std::vector<crypto::PeerEntry> only{entryOf(peer, anchors)};
    SP_ASSIGN(auto expected, crypto::PeerDirectory::build(std::move(only)));
    crypto::TlsClientSettings settings;
    settings.identity = ours;
    settings.peers = std::move(expected);
    settings.clock = &clock;
    settings.server_name = serverNameOf(peer);
    auto context = crypto::TlsClientContext::create(std::move(settings));
    if (!context) return within(std::move(context).error(), "peer '" + peer.name + "'");
    trust->clients.emplace(peer.name, *std::move(context));
  }
  certificates.trust = std::move(trust);
  return certificates;
}

Result<ServerContexts> serverContexts(const Certificates& certificates, const Clock& clock) {
  ServerContexts contexts;
  for (const auto& identities : certificates.identities) {
    crypto::TlsServerSettings settings;
    settings.identities = identities;
    settings.peers = certificates.trust->peers;
    settings.clock = &clock;
    SP_ASSIGN(auto context, crypto::TlsServerContext::create(std::move(settings)));
    contexts.push_back(std::move(context));
  }
  return contexts;
}

Status replaceIn(const ServerContexts& contexts, const Certificates& certificates) {
  for (std::size_t i = 0; i < contexts.size(); ++i) {
    SP_TRY(contexts[i]->replaceIdentities(certificates.identities[i]));
    contexts[i]->replacePeers(certificates.trust->peers);
  }
  return success();
}

std::shared_ptr<guard::AdmissionChain> admissionChain(const config::Config& config, const Certificates& certificates,
                                                      const guard::LimitTables& tables, guard::DecisionLog& log) {
  const auto& rules = config.guard;
  guard::AdmissionPolicy policy;
  policy.peer_known = modeOf(rules.peer_known);
  policy.method_allowed = modeOf(rules.method);
  policy.methods = guard::MethodPolicy{rules.methods, rules.methods};
  policy.request_domain_ours = modeOf(rules.domain);
  policy.our_hosts = hostsOf(config, certificates);
  policy.source_call_rate = modeOf(rules.source_call_rate.mode);
  policy.source_rate = {rules.source_call_rate.calls_per_second, rules.source_call_rate.burst};
  policy.identity_call_rate = modeOf(rules.identity_call_rate.mode);
  policy.identity_rate = {rules.identity_call_rate.calls_per_second, rules.identity_call_rate.burst};
  policy.source_calls = modeOf(rules.source_concurrency.mode);
  policy.source_cap = rules.source_concurrency.max_concurrent;
  policy.identity_calls = modeOf(rules.identity_concurrency.mode);
  policy.identity_cap = rules.identity_concurrency.max_concurrent;
  policy.peer_calls = modeOf(rules.peer_concurrency.mode);
  policy.peer_cap = rules.peer_concurrency.max_concurrent;
  const auto own = [&policy](const std::string& name, const config::Policy& figures) {
    if (figures.max_calls) policy.identity_cap_of_peer.emplace(name, *figures.max_calls);
    if (!figures.call_rate) return;
    const auto burst = static_cast<unsigned>(std::ceil(2 * *figures.call_rate));
    policy.identity_rate_of_peer.emplace(name, guard::Rate{*figures.call_rate, std::max(1u, burst)});
  };
  for (const auto& peer : config.peers) {
    own(peer.name, peer.policy);
    if (peer.policy.max_calls) policy.cap_of_peer.emplace(peer.name, *peer.policy.max_calls);
  }
  if (config.devices) own(std::string{call::kDevices}, config.devices->policy);  // per device, not for all of them
  return guard::buildAdmissionChain(policy, tables, &log);
}

}  // namespace sallyport::app
