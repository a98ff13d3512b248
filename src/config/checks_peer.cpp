// SPDX-License-Identifier: Apache-2.0
// [devices] and [[peer]].
#include <algorithm>
#include <map>
#include <set>

#include "config/check_context.h"

namespace sallyport::config {
namespace {

void checkAuthentication(const CheckContext& context, std::string_view section, std::size_t index,
                         const std::string& label, const Policy& policy) {
  const auto place = context.at(section, index, "authentication");
  const auto& any_of = policy.authentication;
  for (std::size_t i = 0; i < any_of.size(); ++i) {
    if (std::find(any_of.begin(), any_of.begin() + static_cast<std::ptrdiff_t>(i), any_of[i]) ==
        any_of.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    context.problems.error(place, "config.key.duplicate",
                           label + " lists \"" + toString(any_of[i]) + "\" in 'authentication' twice");
  }
  const auto& digests = policy.digest_algorithms;
  if (std::set<DigestAlgorithm>(digests.begin(), digests.end()).size() != digests.size()) {
    context.problems.error(context.at(section, index, "digest_algorithms"), "config.key.duplicate",
                           label + " lists a digest algorithm twice");
  }
}

// RFC 5764 4.1.2, RFC 7714 14.2: DTLS knows no profile for AES-256 in counter mode.
void checkKeying(const CheckContext& context, std::string_view section, std::size_t index, const std::string& label,
                 const Policy& policy) {
  const auto place = context.at(section, index, "media");
  if (std::set<Keying>(policy.media.begin(), policy.media.end()).size() != policy.media.size()) {
    context.problems.error(place, "config.key.duplicate", label + " lists a keying twice in 'media'");
  }
  const bool dtls = std::find(policy.media.begin(), policy.media.end(), Keying::dtls) != policy.media.end();
  const bool suite = std::any_of(policy.suites.begin(), policy.suites.end(),
                                 [](const std::string& name) { return name != "AES_256_CM_HMAC_SHA1_80"; });
  if (!dtls || suite) return;
  context.problems.error(place, "config.conflict", label + " is keyed by DTLS, which can agree none of its 'suites'",
                         "add AEAD_AES_256_GCM");
}

// ZRTP is between the two ends: there is no other way beside it, its packets come from where SDP says, and nothing can
// be put into a stream whose keys the edge does not have.
void checkZrtp(const CheckContext& context, std::string_view section, std::size_t index, const std::string& label,
               const Policy& policy) {
  const auto zrtp = std::find_if(policy.media.begin(), policy.media.end(), relaysZrtp);
  if (zrtp == policy.media.end()) return;
  const auto name = "\"" + std::string{toString(*zrtp)} + "\"";
  const auto conflict = [&](std::string_view key, const std::string& message, const char* hint) {
    context.problems.error(context.at(section, index, key), "config.conflict", label + message, hint);
  };
  if (policy.media.size() > 1) {
    conflict("media", " lists " + name + " beside another keying",
             "write it alone, and another [[peer]] for those who do without");
  }
  if (policy.ice != IceUse::never) conflict("ice", " has " + name + " and ICE", "leave 'ice' out");
  if (*zrtp == Keying::zrtp && policy.dtmf == DtmfMode::info) {
    conflict("dtmf", " has " + name + " and keys by INFO: the edge can put none into voice it can not decrypt",
             "use dtmf = \"rfc4733\"");
  }
}

void checkPolicy(const CheckContext& context, std::string_view section, std::size_t index, const std::string& label,
                 const Policy& policy) {
  const auto suites = context.at(section, index, "suites");
  if (policy.tier == Tier::strict) {
    for (const auto& suite : kSuites) {
      const bool listed = std::find(policy.suites.begin(), policy.suites.end(), suite.name) != policy.suites.end();
      if (suite.aead || !listed) continue;
      context.problems.error(suites, "config.conflict",
                             label + " lists " + std::string{suite.name} + ", but its tier is strict (AEAD only)",
                             "set tier = \"compatible\"");
    }
  }
  if (std::set<std::string_view>(policy.suites.begin(), policy.suites.end()).size() != policy.suites.size()) {
    context.problems.error(suites, "config.key.duplicate", label + " lists a suite twice");
  }
  if (std::set<Codec>(policy.codecs.begin(), policy.codecs.end()).size() != policy.codecs.size()) {
    context.problems.error(context.at(section, index, "codecs"), "config.key.duplicate",
                           label + " lists a codec twice");
  }
  if (policy.ptime && *policy.ptime % 10 != 0) {
    context.problems.error(context.at(section, index, "ptime"), "config.value.range",
                           label + " has a ptime of " + std::to_string(*policy.ptime) + " ms",
                           "use 10, 20, 30, 40, 50 or 60");
  }
  checkKeying(context, section, index, label, policy);
  checkZrtp(context, section, index, label, policy);
  for (const auto key : {"suites", "media", "codecs", "authentication", "digest_algorithms"}) {
    const auto* written = context.writtenAt(section, index, key);
    if (written == nullptr || written->kind != Node::Kind::array || !written->children.empty()) continue;
    context.problems.error(written->place, "config.value.empty", label + " has an empty list '" + key + "'",
                           "leave the line out for the default");
  }
  checkAuthentication(context, section, index, label, policy);
  checkMethods(context, context.at(section, index, "methods"), label, policy.methods);
  checkHeaderPolicyReference(context, context.at(section, index, "header_policy"), label, policy.header_policy);
}

void checkIdentities(const CheckContext& context, std::size_t index, const std::string& label,
                     std::map<std::string, std::size_t>& owners) {
  const auto place = context.at("peer", index, "identities");
  const auto* written = context.writtenAt("peer", index, "identities");
  if (written != nullptr && written->kind == Node::Kind::array && written->children.empty()) {
    context.problems.error(written->place, "config.value.empty", label + " has no identity", "nothing could match it");
  }
  for (const auto& identity : context.config.peers[index].identities) {
    const auto [owner, fresh] = owners.emplace(identity.toString(), index);
    if (fresh) continue;
    context.problems.error(place, "config.conflict",
                           identity.toString() + " of " + label + " is already an identity of [[peer]] '" +
                               context.config.peers[owner->second].name + "'",
                           "one certificate must mean one peer");
  }
}

void checkReach(const CheckContext& context, std::size_t index, const std::string& label) {
  const auto& peer = context.config.peers[index];
  const std::string_view ways[] = {"address", "host", "targets"};
  std::string_view first;
  for (const auto key : ways) {
    if (context.writtenAt("peer", index, key) == nullptr) continue;
    if (!first.empty()) {
      context.problems.error(context.at("peer", index, key), "config.conflict",
                             label + " says where by '" + std::string{first} + "' and by '" + std::string{key} + "'",
                             "keep one of them");
    }
    if (first.empty()) first = key;
  }
  if (first.empty()) return;
  if (peer.eku == KeyUsage::client) {
    context.problems.error(context.at("peer", index, "eku"), "config.conflict",
                           label + " is connected to, but its certificate may only be a client's",
                           "use eku = \"any\" or \"server\", or remove '" + std::string{first} + "'");
  }
  std::vector<Endpoint> addresses;
  if (peer.address) addresses.push_back(*peer.address);
  for (const auto& target : peer.targets) {
    if (!target.host) addresses.push_back(target.address);
  }
  for (const auto& address : addresses) {
    if (address.port != 0 && !address.address.isUnspecified()) continue;
    context.problems.error(context.at("peer", index, first), "config.value.form",
                           label + " cannot be reached at " + address.toString());
  }
}

void checkTrunk(const CheckContext& context, std::size_t index, const std::string& label) {
  const auto& peer = context.config.peers[index];
  if (peer.registration && !peer.connectable()) {
    context.problems.error(context.at("peer", index, "registration"), "config.conflict",
                           label + " is registered at, but says not where it is", "set 'address' or 'host'");
  }
  if (peer.tls12_only && peer.tls == TlsFloor::tls13) {
    context.problems.error(context.at("peer", index, "tls12_only"), "config.conflict",
                           label + " is spoken to in TLS 1.2 only, and not below 1.3");
  }
  const auto& numbers = peer.numbers;
  if (numbers.country.empty() && (!numbers.area.empty() || numbers.outgoing == NumberForm::national)) {
    context.problems.error(context.at("peer", index, "numbers"), "config.conflict",
                           "'numbers' in " + label + " speaks of national numbers and names no country",
                           "country = \"DE\"");
  }
  const auto& accepted = peer.policy;
  if (accepted.accepts(Proof::token)) {
    context.problems.error(context.at("peer", index, "authentication"), "config.conflict",
                           label + " cannot be known by a token: tokens name users, for [devices]");
  }
  const auto& devices = context.config.devices;
  if ((accepted.accepts(Proof::digest) || accepted.accepts(Proof::scram)) && !(devices && devices->credentials)) {
    context.problems.error(context.at("peer", index, "authentication"), "config.conflict",
                           label + " is known by a password, and there are no 'credentials' in [devices]",
                           "its verifier stands there under the peer's name");
  }
}

void checkToken(const CheckContext& context, const TokenIssuer& token) {
  const auto place = context.at("devices", "token");
  const bool file = !token.jwks.empty(), url = !token.jwks_url.empty();
  if (file == url) {
    context.problems.error(place, file ? "config.conflict" : "config.key.missing",
                           file ? "[devices] token takes its keys from 'jwks' and from 'jwks_url'"
                                : "[devices] token has no keys: 'jwks' or 'jwks_url' is missing",
                           file ? "keep one of them" : "jwks = \"keys.json\"");
  }
  if (url && token.jwks_trust.empty()) {
    context.problems.error(place, "config.key.missing", "'jwks_trust' in [devices] token is missing",
                           "jwks_trust = \"private\": the [[trust]] whose CA vouches for the host of 'jwks_url'");
  }
  context.dangling(place, "[devices] token", token.jwks_trust);
  if (!url) return;
  context.problems.note(place, "config.note.jwks_url",
                        "[devices] token takes its keys from " + token.jwks_url +
                            " once the edge runs: until they have been fetched nobody logs in by a token, and nothing "
                            "of it is checked here");
}

}  // namespace

void checkDevices(const CheckContext& context) {
  if (!context.config.devices) return;
  const auto& devices = *context.config.devices;
  context.dangling(context.at("devices", "trust"), "[devices]", devices.trust);
  if (!devices.domain.empty() && !context.ours(devices.domain)) {
    context.problems.error(context.at("devices", "domain"), "config.reference",
                           "[devices] enrols users of " + devices.domain + ", which is not among 'domains' in [edge]");
  }
  if (devices.token) checkToken(context, *devices.token);
  if (devices.policy.accepts(Proof::network)) {
    context.problems.error(context.at("devices", "authentication"), "config.conflict",
                           "a network says not which device calls", "only a [[peer]] can be known by it");
  }
  checkPolicy(context, "devices", 0, "[devices]", devices.policy);
}

void checkPeers(const CheckContext& context) {
  const auto& peers = context.config.peers;
  if (peers.empty() && !context.config.devices) {
    context.problems.advise({}, "config.advice.nobody",
                            "there is neither a [[peer]] nor [devices]: nobody can connect");
  }
  context.checkUniqueNames("peer", peers);
  std::map<std::string, std::size_t> owners;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const auto& peer = peers[i];
    const auto label = "[[peer]] '" + peer.name + "'";
    context.dangling(context.at("peer", i, "trust"), label, peer.trust);
    checkPolicy(context, "peer", i, label, peer.policy);
    checkIdentities(context, i, label, owners);
    if (peer.name == kDeviceWord) {
      context.problems.error(context.at("peer", i, "name"), "config.value.form",
                             "the name 'device' means the enrolled devices");
    }
    checkReach(context, i, label);
    checkTrunk(context, i, label);
  }
}

}  // namespace sallyport::config
