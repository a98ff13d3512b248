// SPDX-License-Identifier: Apache-2.0
// [devices] and [[peer]].
#include <algorithm>

#include "config/section_readers.h"
#include "config/sections.h"

namespace sallyport::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr unsigned kMostCalls = 1'000'000;
constexpr std::string_view kRealmForm = "text without quotes";

void readMedia(TableReader& table, Policy& policy) {
  table.choice("tier", policy.tier, kTiers);
  for (const auto& suite : kSuites) {
    if (suite.aead || policy.tier == Tier::compatible) policy.suites.emplace_back(suite.name);
  }
  static constexpr auto kNames = [] {
    std::array<Choice<std::string_view>, kSuites.size()> names;
    for (std::size_t i = 0; i < kSuites.size(); ++i) names[i] = {kSuites[i].name, kSuites[i].name};
    return names;
  }();
  std::vector<std::string_view> chosen;
  table.choices("suites", chosen, kNames);
  if (!chosen.empty()) policy.suites.assign(chosen.begin(), chosen.end());
  table.choices("media", policy.media, kKeyings);
  const bool dtls = std::find(policy.media.begin(), policy.media.end(), Keying::dtls) != policy.media.end();
  policy.ice = dtls ? IceUse::accept : IceUse::never;
  table.choice("ice", policy.ice, kIceUses);
  table.choices("codecs", policy.codecs, kCodecs);
  table.choice("transcode", policy.transcode, kTranscodes);
  table.number("ptime", policy.ptime, 10, 60);
  table.choice("dtmf", policy.dtmf, kDtmfModes);
}

void readPolicy(TableReader& table, Policy& policy) {
  readMedia(table, policy);
  table.number("max_calls", policy.max_calls, 1, kMostCalls);
  double call_rate = 0;
  table.real("call_rate", call_rate, 0.01, 100'000);
  if (call_rate > 0) policy.call_rate = call_rate;
  table.list("authentication", policy.authentication, parseProofs, kProofsForm);
  table.parsed("header_policy", policy.header_policy, parsePolicyName, kPolicyNameForm);
  table.list("methods", policy.methods, anyText, "text");
  table.choice("sips", policy.sips, kSipsModes);
  table.flag("follow_redirects", policy.follow_redirects);
  table.numbers("failover_statuses", policy.failover_statuses, 300, 699);
}

void readToken(TableReader& devices, std::optional<TokenIssuer>& out) {
  TokenIssuer token;
  const bool given = devices.table("token", [&](TableReader& table) {
    table.require("issuer", "issuer = \"https://login.example.org\": the `iss` a token must carry");
    table.require("audience", "audience = \"sip:example.org\": the `aud` a token must carry");
    table.text("issuer", token.issuer);
    table.text("audience", token.audience);
    table.path("jwks", token.jwks);
    table.parsed("jwks_url", token.jwks_url, parseHttpsUrl, "an address such as \"https://login.example.org/keys\"");
    table.name("jwks_trust", token.jwks_trust);
    table.parsed("authz_server", token.authz_server, parseHttpsUrl, "an address such as \"https://login.example.org\"");
  });
  if (given) out = std::move(token);
}

void readTargets(TableReader& peer, std::vector<PeerTarget>& targets) {
  peer.tables("targets", [&](TableReader& table) {
    PeerTarget target;
    if (!table.has("host")) table.require("address", "address = \"192.0.2.1:5061\", or host = \"sip.example.org\"");
    const bool addressed = table.parsed("address", target.address, Endpoint::parse, kAddressForm);
    const bool named = table.parsed("host", target.host, parseHostPort, kHostPortForm);
    table.number("priority", target.priority, 0, 65'535);
    table.number("weight", target.weight, 0, 65'535);
    if (addressed && named) {
      table.problems().error(table.placeOf("host"), "config.conflict",
                             table.label() + " says where by 'address' and by 'host'", "keep one of them");
    }
    if (addressed || named) targets.push_back(std::move(target));
  });
}

void readCredentials(TableReader& peer, std::optional<PeerCredentials>& out) {
  PeerCredentials credentials;
  const bool given = peer.table("credentials", [&](TableReader& table) {
    table.require("username", "username = \"trunk-4711\"");
    table.require("realm", "realm = \"carrier.example\": challenges of any other realm are left unanswered");
    table.require("password_file", "password_file = \"carrier.password\": one line, readable by nobody else (0600)");
    table.parsed("username", credentials.username, visibleText, "text without blanks or quotes");
    table.parsed("realm", credentials.realm, quotableText, kRealmForm);
    table.path("password_file", credentials.password_file);
  });
  if (given) out = std::move(credentials);
}

void readRegistration(TableReader& peer, std::optional<PeerRegistration>& out) {
  PeerRegistration registration;
  const bool given = peer.table("registration", [&](TableReader& table) {
    table.require("aor", "aor = \"sip:+4930123@carrier.example\": the address we are registered as");
    table.parsed("aor", registration.aor, sipIdentity, "\"sip:user@domain\"");
    table.duration("expires", registration.expires, minutes{1}, hours{24});
  });
  if (given) out = std::move(registration);
}

void readLimits(TableReader& peer, std::string_view key, TrunkLimits& limits) {
  peer.table(key, [&](TableReader& table) {
    table.number("calls", limits.calls, 1, kMostCalls);
    double rate = 0;
    table.real("calls_per_second", rate, 0.01, 100'000);
    if (rate > 0) limits.calls_per_second = rate;
  });
}

void readNumbers(TableReader& peer, Numbers& numbers) {
  peer.table("numbers", [&](TableReader& table) {
    table.parsed("country", numbers.country, parseCountry, "a country of two letters such as \"DE\"");
    table.parsed("area", numbers.area, parseDigits, "digits without the trunk prefix, such as \"30\"");
    table.choice("outgoing", numbers.outgoing, kNumberForms);
  });
}

// Where it is, and what is asked of it before a byte of SIP.
void readConnection(TableReader& table, Peer& peer) {
  table.parsed("address", peer.address, Endpoint::parse, kAddressForm);
  table.parsed("host", peer.host, parseHostPort, kHostPortForm);
  readTargets(table, peer.targets);
  table.name("listener", peer.listener);
  if (peer.host && !IpAddress::parse(peer.host->host)) peer.server_name = peer.host->host;
  for (const auto& identity : peer.identities) {
    if (identity.kind == IdentityKind::dns && peer.server_name.empty()) peer.server_name = identity.value;
  }
  table.parsed("server_name", peer.server_name, parseHost, kHostForm);
  table.flag("unprotected", peer.unprotected);
  table.choice("tls", peer.tls, kTlsFloors);
  table.flag("tls12_only", peer.tls12_only);
  table.choice("certificate", peer.certificate, kCertificateKinds);
  std::chrono::seconds interval{0};
  table.duration("options_interval", interval, seconds{5}, hours{1});
  if (interval.count() > 0) peer.options_interval = interval;
  table.flag("last_resort", peer.last_resort);
}

// An unprotected peer has nothing to prove itself by but where it comes from: the networks it names, or else the
// addresses we reach it at. What a preset says of certificates and Path does not hold for it.
void beUnprotected(const TableReader& table, Peer& peer) {
  const auto written = [&](std::string_view key) {
    const auto* setting = table.node().find(key);
    return setting != nullptr && !setting->inherited;
  };
  if (!written("authentication")) peer.policy.authentication = {{Proof::network}};
  if (!written("path")) peer.path = false;
  if (!peer.networks.empty()) return;
  const auto add = [&](const IpAddress& address) {
    if (const auto network = IpNetwork::parse(address.toString())) peer.networks.push_back(*network);
  };
  if (peer.address) add(peer.address->address);
  for (const auto& target : peer.targets) {
    if (!target.host) add(target.address.address);
  }
}

// What is asked of a peer depends on how it is known: by its certificate unless it says otherwise.
void requireProofs(TableReader& table, const Peer& peer) {
  if (peer.unprotected) return;
  const std::string by_default =
      table.has("authentication") ? "" : "; a peer is known by its certificate unless 'authentication' says otherwise";
  const bool named = peer.host || std::any_of(peer.targets.begin(), peer.targets.end(),
                                              [](const PeerTarget& target) { return target.host.has_value(); });
  const bool certificate = peer.policy.accepts(Proof::certificate);
  if (certificate || (peer.connectable() && !named && !table.has("server_name"))) {
    table.require("identities",
                  "identities = [\"dns:core.example\"]: the names its certificate must carry" + by_default);
  }
  if (certificate || peer.connectable()) {
    table.require("trust", "trust = \"private\": the [[trust]] whose CA vouches for it" + by_default);
  }
  if (peer.policy.accepts(Proof::network)) {
    table.require("networks", "networks = [\"192.0.2.0/24\"]: it is known by nothing else");
  }
}

}  // namespace

std::optional<std::string> sipIdentity(std::string_view text) {
  if (!isSipIdentity(text)) return std::nullopt;
  return std::string{text};
}

std::optional<std::string> anyText(std::string_view text) { return std::string{text}; }

void readDevices(TableReader& table, Devices& devices) {
  table.require("domain", "domain = \"example.org\": the domain in their uri:sip:user@domain names");
  table.name("trust", devices.trust);
  table.parsed("domain", devices.domain, parseHost, kHostForm);
  devices.realm = devices.domain;
  table.parsed("realm", devices.realm, quotableText, kRealmForm);
  Path credentials;
  table.path("credentials", credentials);
  if (!credentials.empty()) devices.credentials = credentials;
  readToken(table, devices.token);
  readPolicy(table, devices.policy);
  table.choices("digest_algorithms", devices.policy.digest_algorithms, kSafeDigests);
  if (devices.policy.accepts(Proof::certificate)) {
    table.require("trust", "trust = \"private\": the [[trust]] whose CA enrols the devices");
  }
  if (devices.policy.accepts(Proof::digest) || devices.policy.accepts(Proof::scram)) {
    table.require("credentials", "credentials = \"devices.credentials\": the verifiers of their passwords (0600)");
  }
  if (devices.policy.accepts(Proof::token)) {
    table.require("token", "[devices.token] says whose tokens are believed: issuer, audience, jwks");
  }
}

void readPeer(TableReader& table, Peer& peer) {
  table.require("name", "name = \"core\": what a [[route]] refers to");
  table.name("name", peer.name);
  table.name("preset", peer.preset);
  for (const auto& setting : table.node().children) {
    if (setting.inherited) peer.from_preset.push_back(setting.key);
  }
  table.list("identities", peer.identities, parseIdentity,
             "\"dns:core.example\", \"uri:sip:user@example.org\" or \"ip:192.0.2.1\"");
  table.name("trust", peer.trust);
  table.choice("eku", peer.eku, kUsages);
  table.flag("wildcard", peer.wildcard);
  readConnection(table, peer);
  readPolicy(table, peer.policy);
  table.choices("digest_algorithms", peer.policy.digest_algorithms, kDigests);
  table.list("networks", peer.networks, IpNetwork::parse, "an address block such as \"192.0.2.0/24\"");
  requireProofs(table, peer);
  readCredentials(table, peer.credentials);
  readRegistration(table, peer.registration);
  readLimits(table, "limits_in", peer.limits_in);
  readLimits(table, "limits_out", peer.limits_out);
  table.number("channels", peer.channels, 1, kMostCalls);
  readNumbers(table, peer.numbers);
  table.list("numbers_allowed", peer.numbers_allowed, parseNumberPrefix, "a beginning such as \"+4930123\"");
  table.list("users_allowed", peer.users_allowed, parseHost, kHostForm);
  table.choice("on_foreign_identity", peer.on_foreign_identity, kReactions);
  table.parsed("asserted_identity", peer.asserted_identity, sipIdentity, "\"sip:number@domain\"");
  table.choice("disclosure", peer.disclosure, kDisclosures);
  table.flag("path", peer.path);
  table.flag("contact_by_name", peer.contact_by_name);
  table.flag("user_phone", peer.user_phone);
  if (peer.unprotected) beUnprotected(table, peer);
}

}  // namespace sallyport::config
