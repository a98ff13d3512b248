// SPDX-License-Identifier: Apache-2.0
#include "crypto/peer_directory.h"

#include <algorithm>
#include <unordered_map>

#include "crypto/path_validator.h"
#include "crypto/peer_identity.h"
#include "crypto/verified_chain_cache.h"

namespace sallyport::crypto {

struct PeerDirectory::Index {
  struct Name {
    std::size_t peer;
    std::string identity;  // as configured, in normal form
  };

  std::vector<PeerEntry> peers;
  std::optional<DeviceRule> devices;
  std::unordered_map<std::string, Name> names;                // "dns:core.example.net", "dns:*.example.net"
  std::unordered_multimap<std::string, Name> under_wildcard;  // opted in: "example.net" -> its names one label below
  std::shared_ptr<const TrustAnchors> everybody;              // all anchors: only to say why a stranger is one

  Status add(std::size_t peer);
};

// Somebody the leaf may be, if the anchors of that somebody agree.
struct PeerDirectory::Candidate {
  PeerKind kind;
  std::string name;
  std::string identity;
  const TrustAnchors& anchors;
  std::optional<Eku> eku;
  RevocationRule revocation;
};

struct PeerDirectory::Shown {
  const Certificate& leaf;
  std::span<const Certificate> intermediates;
  VerifiedChainCache::Key key;
  WallTime now;
};

namespace {

constexpr std::size_t kNamesInDetail = 8;

Error misconfigured(const char* code, std::string detail) {
  return {ErrorKind::misconfigured, code, std::move(detail)};
}

std::string listOf(const std::vector<SubjectAltName>& sans) {
  if (sans.empty()) return "no subject alternative name";
  std::string list;
  for (std::size_t i = 0; i < std::min(sans.size(), kNamesInDetail); ++i) {
    list += (i == 0 ? "" : ", ") + sans[i].toString();
  }
  if (sans.size() > kNamesInDetail) list += ", and " + std::to_string(sans.size() - kNamesInDetail) + " more";
  return list;
}

struct Device {
  std::string identity;
  const SubjectAltName& name;
};

// RFC 5922 has no such rule: it is the enrolment's own, and one URI leaves no choice to make.
std::optional<Device> deviceOf(const CertificateFacts& facts, const DeviceRule& rule) {
  const SubjectAltName* only = nullptr;
  for (const auto& san : facts.sans) {
    if (san.kind != SanKind::uri) continue;
    if (only != nullptr) return std::nullopt;
    only = &san;
  }
  if (only == nullptr) return std::nullopt;
  const auto sip = parseSipIdentity(only->value);
  if (!sip || sip->user.empty() || sip->host != rule.domain) return std::nullopt;
  return Device{sip->user + "@" + sip->host, *only};
}

Status checkName(const PeerEntry& peer, const std::vector<PeerEntry>& all) {
  if (peer.name == kDevicePeerName) return misconfigured("peers.name.reserved", peer.name);
  const auto same =
      std::count_if(all.begin(), all.end(), [&](const PeerEntry& other) { return other.name == peer.name; });
  if (same > 1) return misconfigured("peers.name.duplicate", peer.name);
  if (peer.identities.empty()) return misconfigured("peers.identity.none", peer.name);
  if (!peer.anchors) return misconfigured("peers.anchors.none", peer.name);
  return success();
}

}  // namespace

Status PeerDirectory::Index::add(std::size_t peer) {
  const auto& entry = peers[peer];
  for (const auto& configured : entry.identities) {
    const auto identity = normalIdentity(configured);
    if (!identity) return misconfigured("peers.identity.malformed", entry.name + ": " + configured.toString());
    const bool dns = identity->kind == SanKind::dns;
    if (dns && isWildcard(identity->value) && entry.wildcards == Wildcards::refuse) {
      return misconfigured("peers.identity.wildcard", entry.name + ": " + configured.toString());
    }
    const auto text = identity->toString();
    const auto [known, added] = names.try_emplace(text, Name{peer, text});
    if (!added && known->second.peer != peer) {
      return misconfigured("peers.identity.duplicate",
                           text + " is both " + peers[known->second.peer].name + " and " + entry.name);
    }
    if (dns && entry.wildcards == Wildcards::oneLabel) {
      under_wildcard.emplace(std::string{withoutLeftLabel(identity->value)}, Name{peer, text});
    }
  }
  return success();
}

Result<std::shared_ptr<const PeerDirectory>> PeerDirectory::build(std::vector<PeerEntry> peers,
                                                                  std::optional<DeviceRule> devices) {
  auto index = std::make_unique<Index>();
  index->peers = std::move(peers);
  std::vector<std::shared_ptr<const TrustAnchors>> sets;
  const auto note = [&sets](const std::shared_ptr<const TrustAnchors>& set) {
    if (std::find(sets.begin(), sets.end(), set) == sets.end()) sets.push_back(set);
  };
  for (std::size_t i = 0; i < index->peers.size(); ++i) {
    SP_TRY(checkName(index->peers[i], index->peers));
    SP_TRY(index->add(i));
    note(index->peers[i].anchors);
  }
  if (devices) {
    if (!devices->anchors) return misconfigured("peers.anchors.none", std::string{kDevicePeerName});
    const auto domain = parseSipIdentity("sip:" + devices->domain);
    if (!domain || !domain->user.empty()) return misconfigured("peers.device.domain", devices->domain);
    devices->domain = domain->host;
    note(devices->anchors);
    index->devices = std::move(devices);
  }
  if (!sets.empty()) {
    SP_ASSIGN(index->everybody, TrustAnchors::of(sets));
  }
  return std::shared_ptr<const PeerDirectory>{new PeerDirectory{std::move(index)}};
}

PeerDirectory::PeerDirectory(std::unique_ptr<Index> index)
    : index_(std::move(index)), cache_(std::make_unique<VerifiedChainCache>()) {}
PeerDirectory::~PeerDirectory() = default;

std::size_t PeerDirectory::peerCount() const { return index_->peers.size(); }

PeerDirectory::CacheCounters PeerDirectory::cacheCounters() const { return {cache_->hits(), cache_->misses()}; }

std::vector<PeerDirectory::Candidate> PeerDirectory::candidatesFor(const CertificateFacts& facts) const {
  std::vector<const Index::Name*> matches;
  const auto match = [&matches](const Index::Name& name) {
    const bool known = std::any_of(matches.begin(), matches.end(), [&](const auto* m) { return m->peer == name.peer; });
    if (!known) matches.push_back(&name);
  };
  const auto matchKey = [&](const std::string& key) {
    if (const auto found = index_->names.find(key); found != index_->names.end()) match(found->second);
  };
  for (const auto& san : facts.sans) {
    for (const auto& key : keysOf(san)) matchKey(key);
    if (san.kind != SanKind::dns) continue;
    const std::string parent{withoutLeftLabel(san.value)};
    if (parent.empty()) continue;
    if (!isWildcard(san.value)) {
      matchKey("dns:*." + parent);
      continue;
    }
    const auto [first, last] = index_->under_wildcard.equal_range(parent);
    for (auto name = first; name != last; ++name) match(name->second);
  }

  std::vector<Candidate> candidates;
  for (const auto* name : matches) {
    const auto& peer = index_->peers[name->peer];
    candidates.push_back({PeerKind::peer, peer.name, name->identity, *peer.anchors, peer.eku, peer.revocation});
  }
  if (const auto& rule = index_->devices) {
    const auto device = deviceOf(facts, *rule);
    // A phone that is called is configured by the very name it is enrolled under: it is that peer, not two.
    const auto configured = [&](const Candidate& peer) {
      const auto keys = keysOf(device->name);
      return std::find(keys.begin(), keys.end(), peer.identity) != keys.end();
    };
    if (device && std::none_of(candidates.begin(), candidates.end(), configured)) {
      candidates.push_back({PeerKind::device, std::string{kDevicePeerName}, device->identity, *rule->anchors, rule->eku,
                            rule->revocation});
    }
  }
  return candidates;
}

Result<VerifiedPeer> PeerDirectory::identify(const Certificate& leaf, std::span<const Certificate> intermediates,
                                             PeerRole role, WallTime now) const {
  const Shown shown{leaf, intermediates, {leaf.fingerprint(), role}, now};
  if (auto cached = cache_->find(shown.key, now)) return admit(*std::move(cached));
  SP_ASSIGN(auto peer, examine(shown));
  return admit(std::move(peer));
}

Result<VerifiedPeer> PeerDirectory::examine(const Shown& shown) const {
  auto facts = shown.leaf.facts();
  if (!facts) return Error{ErrorKind::peerDenied, "tls.certificate.malformed", std::move(facts).error().detail};

  const auto candidates = candidatesFor(*facts);
  if (candidates.empty()) return explainStranger(shown, *facts);

  std::optional<VerifiedPeer> proven;
  std::optional<Error> refused;
  for (const auto& candidate : candidates) {
    auto peer = verify(candidate, shown, *facts);
    if (!peer) {
      if (!refused) refused = std::move(peer).error();
      continue;
    }
    if (proven) {
      return Error{ErrorKind::peerDenied, "tls.peer.ambiguous",
                   facts->subject + ": it is both " + proven->name() + " (" + proven->identity() + ") and " +
                       peer->name() + " (" + peer->identity() + ")"};
    }
    proven = *std::move(peer);
  }
  if (!proven) return *std::move(refused);
  cache_->store(shown.key, *proven, proven->facts_->valid_from, proven->facts_->recheck_at);
  return *std::move(proven);
}

Result<VerifiedPeer> PeerDirectory::verify(const Candidate& candidate, const Shown& shown,
                                           const CertificateFacts& facts) const {
  const auto by_role = shown.key.role == PeerRole::client ? Eku::client : Eku::server;
  const VerificationPolicy policy{.eku = candidate.eku.value_or(by_role), .revocation = candidate.revocation};
  auto path = validatePath(shown.leaf, shown.intermediates, candidate.anchors, policy, shown.now);
  if (!path) {
    auto error = std::move(path).error();
    error.detail += " (as " + candidate.name + ", " + candidate.identity + ")";
    return error;
  }
  const auto anchor = path->certificates.back().facts();
  path->certificates.pop_back();
  return VerifiedPeer{std::make_shared<const VerifiedPeer::Facts>(VerifiedPeer::Facts{
      .name = candidate.name,
      .kind = candidate.kind,
      .identity = candidate.identity,
      .certificate = facts,
      .anchor = anchor ? anchor->subject : std::string{},
      .valid_from = path->valid_from,
      .valid_until = path->valid_until,
      .recheck_at = path->recheck_at,
      .shown = std::move(path->certificates),
      .role = shown.key.role,
  })};
}

// What is asked each time: enrolment ends at a word, not with the certificate.
Result<VerifiedPeer> PeerDirectory::admit(VerifiedPeer peer) const {
  if (peer.kind() != PeerKind::device || !index_->devices || !index_->devices->enrolled) return peer;
  if (index_->devices->enrolled(peer.certificate().fingerprint)) return peer;
  return Error{ErrorKind::peerDenied, "tls.peer.not_enrolled",
               peer.identity() + ": certificate " + peer.certificate().fingerprint + " is not enrolled"};
}

Error PeerDirectory::explainStranger(const Shown& shown, const CertificateFacts& facts) const {
  if (index_->everybody) {
    const VerificationPolicy lenient{.revocation = RevocationRule::soft};
    auto path = validatePath(shown.leaf, shown.intermediates, *index_->everybody, lenient, shown.now);
    if (!path) return std::move(path).error();
  }
  return {ErrorKind::peerDenied, "tls.peer.unknown", facts.subject + " names nobody we know: " + listOf(facts.sans)};
}

Result<VerifiedPeer> PeerDirectory::reverify(const VerifiedPeer& peer, WallTime now) const {
  const auto& shown = peer.facts_->shown;
  SP_ASSIGN(auto today, identify(shown.front(), std::span{shown}.subspan(1), peer.facts_->role, now));
  if (today.name() == peer.name() && today.identity() == peer.identity()) return today;
  return Error{ErrorKind::peerDenied, "tls.peer.changed",
               peer.name() + " (" + peer.identity() + ") is now " + today.name() + " (" + today.identity() + ")"};
}

}  // namespace sallyport::crypto
