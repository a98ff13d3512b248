// SPDX-License-Identifier: Apache-2.0
#include "call/policy.h"

#include <algorithm>

#include "call/own_names.h"
#include "crypto/srtp_suite.h"

namespace sallyport::call {
namespace {

sdp::Codec codecOf(config::Codec codec) {
  switch (codec) {
    case config::Codec::opus: return sdp::Codec::opus;
    case config::Codec::pcmu: return sdp::Codec::pcmu;
    case config::Codec::pcma: return sdp::Codec::pcma;
  }
  return sdp::Codec::pcmu;
}

sdp::Keying keyingOf(config::Keying keying) {
  return keying == config::Keying::dtls ? sdp::Keying::dtls : sdp::Keying::sdes;
}

sdp::IceUse iceOf(config::IceUse use) {
  switch (use) {
    case config::IceUse::accept: return sdp::IceUse::accept;
    case config::IceUse::require: return sdp::IceUse::require;
    case config::IceUse::never: break;
  }
  return sdp::IceUse::never;
}

Result<sdp::MediaPolicy> mediaOf(const config::Policy& policy) {
  sdp::MediaPolicy media;
  media.suites.clear();
  for (const auto& name : policy.suites) {
    const auto suite = std::find_if(crypto::kSrtpSuites.begin(), crypto::kSrtpSuites.end(),
                                    [&](crypto::SrtpSuite known) { return crypto::factsOf(known).name == name; });
    if (suite == crypto::kSrtpSuites.end()) return Error{ErrorKind::misconfigured, "config.suite.unknown", name};
    media.suites.push_back(*suite);
  }
  media.keyings.clear();
  for (const auto keying : policy.media) media.keyings.push_back(keyingOf(keying));
  media.ice = iceOf(policy.ice);
  media.codecs.clear();
  for (const auto codec : policy.codecs) media.codecs.push_back(codecOf(codec));
  media.codecs.push_back(sdp::Codec::telephoneEvent);
  media.codecs.push_back(sdp::Codec::comfortNoise);
  if (policy.media.front() == config::Keying::zrtp) media.protection = sdp::MediaProtection::endToEnd;
  if (config::relaysZrtp(policy.media.front())) media.zrtp = sdp::ZrtpUse::relayed;
  return media;
}

// The host a peer answers for: the name we know it by, best first.
std::string uriHostOf(const config::Peer& peer, const std::string& domain) {
  if (!peer.server_name.empty()) return peer.server_name;
  for (const auto& identity : peer.identities) {
    if (identity.kind == config::IdentityKind::dns) return identity.value;
  }
  for (const auto& identity : peer.identities) {
    const auto at = identity.value.rfind('@');
    if (identity.kind == config::IdentityKind::uri && at != std::string::npos) return identity.value.substr(at + 1);
  }
  return peer.address ? hostText(peer.address->address) : domain;
}

Result<HeaderPolicy> headersOf(const HeaderPolicies& policies, const config::Policy& policy, std::string_view usual) {
  const auto* found = policies.find(policy.header_policy.empty() ? usual : policy.header_policy);
  if (found == nullptr) return Error{ErrorKind::misconfigured, "call.header_policy.reference", policy.header_policy};
  return *found;
}

void take(const config::Policy& policy, PeerPolicy& out) {
  out.sips = policy.sips;
  out.dtmf = policy.dtmf;
  out.transcode = policy.transcode;
  out.ptime = policy.ptime;
  out.follow_redirects = policy.follow_redirects;
  out.failover_statuses = policy.failover_statuses;
}

const config::Listener& listenerOf(const config::Peer& peer, const config::Config& config) {
  const auto found = std::find_if(config.listeners.begin(), config.listeners.end(),
                                  [&](const config::Listener& each) { return each.name == peer.listener; });
  return found == config.listeners.end() ? config.listeners.front() : *found;
}

// Where we are found by the name that we are certified as.
std::string certifiedName(const config::Listener& listener, const config::Config& config) {
  const auto& advertise = listener.advertise;
  const auto port = advertise && advertise->port ? *advertise->port : listener.address.port;
  const bool named = advertise && !IpAddress::parse(advertise->host);
  return (named ? advertise->host : config.edge.domains.front()) + ":" + std::to_string(port);
}

// How we name ourselves to it; nothing: as to everybody who comes as it does.
std::optional<SentBy> namesFor(const config::Peer& peer, const config::Config& config) {
  if (peer.unprotected || (!peer.contact_by_name && peer.listener.empty())) return std::nullopt;
  const auto& listener = listenerOf(peer, config);
  return SentBy{peer.contact_by_name ? certifiedName(listener, config) : nameOf(listener, config)};
}

Result<PeerPolicy> peerOf(const config::Peer& peer, const EdgePolicy& edge, const std::string& domain) {
  PeerPolicy out;
  out.name = peer.name;
  SP_ASSIGN(out.media, mediaOf(peer.policy));
  out.address = peer.address;
  out.uri_host = uriHostOf(peer, domain);
  out.disclosure = peer.disclosure;
  out.caller.asserted_identity = peer.asserted_identity;
  out.caller.numbers_allowed = peer.numbers_allowed;
  out.caller.users_allowed = peer.users_allowed;
  out.caller.on_foreign = peer.on_foreign_identity;
  SP_ASSIGN(out.caller.numbers, NumberPlan::make(peer.numbers));
  SP_ASSIGN(out.headers, headersOf(edge.header_policies, peer.policy, kTrunkEdge));
  take(peer.policy, out);
  out.sent_by = namesFor(peer, *edge.config);
  out.listener = peer.unprotected ? std::string{config::kUnprotectedListener} : peer.listener;
  out.user_phone = peer.user_phone;
  if (peer.unprotected) {
    out.hop = HopSecurity::plain;
    out.media.protection = sdp::MediaProtection::none;
  }
  return out;
}

Result<PeerPolicy> devicesOf(const config::Devices& devices, const EdgePolicy& edge) {
  PeerPolicy out;
  out.name = kDevices;
  SP_ASSIGN(out.media, mediaOf(devices.policy));
  out.uri_host = devices.domain;
  SP_ASSIGN(out.headers, headersOf(edge.header_policies, devices.policy, kDeviceEdge));
  take(devices.policy, out);
  auto browser = std::make_shared<PeerPolicy>(out);
  browser->media.keyings = {sdp::Keying::dtls};
  browser->media.ice = sdp::IceUse::require;
  browser->media.protection = sdp::MediaProtection::srtp;  // no browser knows ZRTP, nor do they go without keys
  browser->media.zrtp = sdp::ZrtpUse::refused;
  out.browser = std::move(browser);
  return out;
}

Status checkRoutes(const EdgePolicy& policy) {
  for (std::size_t i = 0; i < policy.routes.size(); ++i) {
    const auto& rule = policy.routes.rule(i);
    if (!rule.header_policy.empty() && policy.header_policies.find(rule.header_policy) == nullptr)
      return Error{ErrorKind::misconfigured, "call.header_policy.reference", rule.header_policy};
    for (const auto& to : rule.to) {
      if (policy.peer(to.peer) == nullptr) return Error{ErrorKind::misconfigured, "call.route.to", to.peer};
    }
  }
  return success();
}

}  // namespace

const PeerPolicy* EdgePolicy::peer(std::string_view name) const {
  if (devices && name == kDevices) return &*devices;
  const auto found =
      std::find_if(peers.begin(), peers.end(), [&](const PeerPolicy& peer) { return peer.name == name; });
  return found == peers.end() ? nullptr : &*found;
}

bool PeerPolicy::failsOver(int status) const {
  return std::find(failover_statuses.begin(), failover_statuses.end(), static_cast<unsigned>(status)) !=
         failover_statuses.end();
}

bool EdgePolicy::ownsHost(std::string_view host) const {
  const auto& domains = config->edge.domains;
  return std::any_of(domains.begin(), domains.end(),
                     [&](const std::string& ours) { return sip::equalsIgnoringCase(ours, host); });
}

Result<EdgePolicyPtr> compile(std::shared_ptr<const config::Config> config) {
  auto policy = std::make_shared<EdgePolicy>();
  policy->config = config;
  SP_ASSIGN(policy->header_policies, HeaderPolicies::make(config->header_policies));
  for (const auto& peer : config->peers) {
    SP_ASSIGN(auto compiled, peerOf(peer, *policy, config->edge.domains.front()));
    policy->peers.push_back(std::move(compiled));
  }
  if (config->devices) {
    SP_ASSIGN(policy->devices, devicesOf(*config->devices, *policy));
  }
  SP_ASSIGN(policy->routes, RouteTable::make(config->routes));
  SP_TRY(checkRoutes(*policy));
  policy->timers.t1 = config->sip.t1;
  policy->timers.t2 = config->sip.t2;
  policy->timers.t4 = config->sip.t4;
  policy->timers.abandon = config->sip.invite_timeout + policy->timers.timeout();  // the call's own limit comes first
  return EdgePolicyPtr{std::move(policy)};
}

identity::DigestAlgorithm algorithmOf(config::DigestAlgorithm algorithm) {
  switch (algorithm) {
    case config::DigestAlgorithm::sha256: return identity::DigestAlgorithm::sha256;
    case config::DigestAlgorithm::sha512_256: return identity::DigestAlgorithm::sha512_256;
    case config::DigestAlgorithm::md5: return identity::DigestAlgorithm::md5;
  }
  return identity::DigestAlgorithm::sha256;
}

}  // namespace sallyport::call
