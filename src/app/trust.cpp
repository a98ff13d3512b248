// SPDX-License-Identifier: Apache-2.0
#include "app/trust.h"

#include <algorithm>
#include <map>

#include "crypto/peer_directory.h"
#include "crypto/tls_context.h"
#include "crypto/trust.h"
#include "net/https_get.h"

namespace sallyport::app {
namespace {

constexpr int kTls12 = 0x0303, kTls13 = 0x0304;

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

// When we connect: a peer known by a host name must prove that very name, the original domain of RFC 3263 4 and
// RFC 5922 4, unless it is configured by other identities.
crypto::PeerEntry serverEntryOf(const config::Peer& peer, const AnchorSets& anchors) {
  auto entry = entryOf(peer, anchors);
  if (!entry.identities.empty()) return entry;
  if (peer.host) entry.identities.push_back({crypto::SanKind::dns, peer.host->host});
  for (const auto& target : peer.targets) {
    if (target.host) entry.identities.push_back({crypto::SanKind::dns, target.host->host});
  }
  return entry;
}

Result<std::vector<crypto::LocalIdentity>> identitiesOf(const config::KeyPair& ecdsa,
                                                        const std::optional<config::KeyPair>& rsa,
                                                        const std::string& label) {
  std::vector<crypto::LocalIdentity> identities;
  std::vector<config::KeyPair> pairs{ecdsa};
  if (rsa) pairs.push_back(*rsa);
  for (const auto& pair : pairs) {
    auto identity = crypto::LocalIdentity::load(pair.certificate, pair.key);
    if (!identity) return within(std::move(identity).error(), label);
    identities.push_back(*std::move(identity));
  }
  return identities;
}

// The name sent as SNI: what the configuration says, else the host's, else the peer's first DNS identity.
std::string serverNameOf(const config::Peer& peer) {
  if (!peer.server_name.empty()) return peer.server_name;
  if (peer.host && !IpAddress::parse(peer.host->host)) return peer.host->host;
  for (const auto& identity : peer.identities) {
    if (identity.kind == config::IdentityKind::dns) return identity.value;
  }
  return {};
}

bool accepts(const config::Peer& peer, config::Proof proof) {
  const auto& any_of = peer.policy.authentication;
  return std::any_of(any_of.begin(), any_of.end(), [proof](const config::Proofs& all) {
    return std::find(all.begin(), all.end(), proof) != all.end();
  });
}

bool showsCertificate(const config::Peer& peer) {
  return !peer.unprotected && accepts(peer, config::Proof::certificate) && !peer.identities.empty();
}

bool provenByNetwork(const config::Peer& peer) {
  return !peer.unprotected && accepts(peer, config::Proof::network) && !peer.networks.empty();
}

// The certificate of ours that this peer is shown when we connect to it.
crypto::LocalIdentity shownTo(const config::Peer& peer, const Certificates& certificates) {
  const auto& pair = certificates.identities.front();
  return peer.certificate == config::CertificateKind::rsa ? pair.back() : pair.front();
}

// A name of that host in its certificate, wildcards as the web has them (RFC 9525 6.3), and no client certificate of
// ours.
Result<std::shared_ptr<const crypto::TlsClientContext>> issuerContext(const config::TokenIssuer& issuer,
                                                                      const AnchorSets& anchors, const Clock& clock) {
  const auto url = net::HttpsUrl::parse(issuer.jwks_url);
  if (!url) return Error{ErrorKind::misconfigured, "app.token.url", issuer.jwks_url};
  const auto address = IpAddress::parse(url->host);
  crypto::PeerEntry entry;
  entry.name = "token issuer";
  entry.identities = {address ? crypto::SubjectAltName{crypto::SanKind::ip, address->toString()}
                              : crypto::SubjectAltName{crypto::SanKind::dns, url->host}};
  entry.anchors = anchors.at(issuer.jwks_trust);
  entry.wildcards = crypto::Wildcards::oneLabel;
  crypto::TlsClientSettings settings;
  std::vector<crypto::PeerEntry> only{std::move(entry)};
  SP_ASSIGN(settings.peers, crypto::PeerDirectory::build(std::move(only)));
  settings.clock = &clock;
  settings.alpn = "http/1.1";
  if (!address) settings.server_name = url->host;
  auto context = crypto::TlsClientContext::create(std::move(settings));
  if (!context) return within(std::move(context).error(), "'jwks_url'");
  return std::shared_ptr<const crypto::TlsClientContext>{*std::move(context)};
}

}  // namespace

Result<Certificates> loadCertificates(const config::Config& config, const Clock& clock) {
  SP_ASSIGN(const auto anchors, loadAnchors(config));
  auto trust = std::make_shared<call::SignallingTrust>();
  Certificates certificates;

  std::vector<crypto::PeerEntry> entries;
  for (const auto& peer : config.peers) {
    if (showsCertificate(peer)) entries.push_back(entryOf(peer, anchors));
  }
  std::optional<crypto::DeviceRule> devices;
  if (config.devices && !config.devices->trust.empty()) {
    devices.emplace();
    devices->anchors = anchors.at(config.devices->trust);
    devices->domain = config.devices->domain;
    devices->eku = crypto::Eku::client;
  }
  SP_ASSIGN(trust->peers, crypto::PeerDirectory::build(std::move(entries), std::move(devices)));

  for (const auto& listener : config.listeners) {
    SP_ASSIGN(auto identities, identitiesOf(listener.ecdsa, listener.rsa, "listener '" + listener.name + "'"));
    SP_ASSIGN(const auto facts, identities.front().leaf().facts());
    certificates.expiries.emplace_back("listener:" + listener.name, facts.not_after);
    certificates.identities.push_back(std::move(identities));
  }
  if (const auto& web = config.web_listener) {
    const std::string label{config::kWebListener};
    SP_ASSIGN(certificates.web, identitiesOf(web->ecdsa, web->rsa, label));
    SP_ASSIGN(const auto facts, certificates.web.front().leaf().facts());
    certificates.expiries.emplace_back("listener:" + label, facts.not_after);
  }

  SP_ASSIGN(trust->accounts, call::loadPeerAccounts(config));
  if (!config.turn.urls.empty()) {
    SP_ASSIGN(auto turn, call::TurnCredentials::load(config.turn));
    trust->turn = std::make_shared<const call::TurnCredentials>(std::move(turn));
  }
  for (const auto& peer : config.peers) {
    if (!peer.networks.empty()) trust->networks.emplace(peer.name, peer.networks);
    if (provenByNetwork(peer)) trust->known_by_network.push_back(peer.name);
    if (peer.unprotected) trust->unprotected.push_back(peer.name);
    if (!peer.connectable() || peer.unprotected) continue;
    std::vector<crypto::PeerEntry> only{serverEntryOf(peer, anchors)};
    SP_ASSIGN(auto expected, crypto::PeerDirectory::build(std::move(only)));
    crypto::TlsClientSettings settings;
    settings.identity = shownTo(peer, certificates);
    settings.peers = std::move(expected);
    settings.clock = &clock;
    settings.server_name = serverNameOf(peer);
    if (peer.tls12_only) settings.posture.max_version = kTls12;
    if (peer.tls == config::TlsFloor::tls13) settings.posture.min_version = kTls13;
    auto context = crypto::TlsClientContext::create(std::move(settings));
    if (!context) return within(std::move(context).error(), "peer '" + peer.name + "'");
    trust->clients.emplace(peer.name, *std::move(context));
  }
  if (config.devices && config.devices->token && !config.devices->token->jwks_url.empty()) {
    SP_ASSIGN(certificates.token_issuer, issuerContext(*config.devices->token, anchors, clock));
  }
  certificates.trust = std::move(trust);
  return certificates;
}

Result<ServerContexts> serverContexts(const config::Config& config, const Certificates& certificates,
                                      const Clock& clock) {
  ServerContexts contexts;
  for (std::size_t i = 0; i < certificates.identities.size(); ++i) {
    const auto& listener = config.listeners[i];
    crypto::TlsServerSettings settings;
    settings.identities = certificates.identities[i];
    if (listener.client_certificate == config::ClientCertificate::optional)
      settings.client_certificates = crypto::ClientCertificates::optional;
    if (listener.tls == config::TlsFloor::tls13) settings.posture.min_version = kTls13;
    settings.peers = certificates.trust->peers;
    settings.clock = &clock;
    SP_ASSIGN(auto context, crypto::TlsServerContext::create(std::move(settings)));
    contexts.listeners.push_back(std::move(context));
  }
  if (!config.web_listener) return contexts;
  crypto::TlsServerSettings settings;
  settings.identities = certificates.web;
  settings.client_certificates = crypto::ClientCertificates::notAsked;
  settings.alpn = "http/1.1";
  if (config.web_listener->tls == config::TlsFloor::tls13) settings.posture.min_version = kTls13;
  settings.peers = certificates.trust->peers;
  settings.clock = &clock;
  SP_ASSIGN(contexts.web, crypto::TlsServerContext::create(std::move(settings)));
  return contexts;
}

Status replaceIn(const ServerContexts& contexts, const Certificates& certificates) {
  for (std::size_t i = 0; i < contexts.listeners.size(); ++i) {
    SP_TRY(contexts.listeners[i]->replaceIdentities(certificates.identities[i]));
    contexts.listeners[i]->replacePeers(certificates.trust->peers);
  }
  return contexts.web ? contexts.web->replaceIdentities(certificates.web) : success();
}

}  // namespace sallyport::app
