// SPDX-License-Identifier: Apache-2.0
#include "app/judges.h"

#include <algorithm>
#include <cmath>

#include "config/methods.h"
#include "core/secret_text.h"
#include "crypto/pem_file.h"
#include "crypto/random.h"
#include "pki/durable_file.h"

namespace sallyport::app {
namespace {

constexpr std::size_t kKeyBytes = 32;

guard::RuleMode modeOf(config::RuleMode mode) {
  switch (mode) {
    case config::RuleMode::off: return guard::RuleMode::off;
    case config::RuleMode::shadow: return guard::RuleMode::shadow;
    case config::RuleMode::enforce: return guard::RuleMode::enforce;
  }
  return guard::RuleMode::enforce;
}

constexpr unsigned kUsersOfAPeer = 50;  // a peer speaks for many: its requests outside calls are theirs

guard::Rate rateOf(double per_second) {
  return {per_second, std::max(1u, static_cast<unsigned>(std::ceil(2 * per_second)))};
}

guard::Rate rateOf(const config::RateRule& rule) { return {rule.calls_per_second, rule.burst}; }

// What a Request-URI may name: our domains, the names we are advertised by and certified as, and the addresses
// we listen on. A core that probes us with OPTIONS names the host it connects to.
std::vector<std::string> hostsOf(const config::Config& config, const Certificates& certificates) {
  auto hosts = config.edge.domains;
  for (const auto& listener : config.listeners) {
    if (listener.advertise) hosts.push_back(listener.advertise->host);
    if (!listener.address.address.isUnspecified()) hosts.push_back(hostText(listener.address.address));
  }
  if (const auto& listener = config.web_listener) {
    if (listener->advertise) hosts.push_back(listener->advertise->host);
    if (!listener->address.address.isUnspecified()) hosts.push_back(hostText(listener->address.address));
  }
  if (const auto& listener = config.unprotected_listener) {
    if (listener->advertise) hosts.push_back(listener->advertise->host);
    hosts.push_back(hostText(listener->address.address));
  }
  const auto add_names = [&hosts](const std::vector<crypto::LocalIdentity>& identities) {
    for (const auto& identity : identities) {
      const auto facts = identity.leaf().facts();
      if (!facts) continue;
      for (const auto& san : facts->sans) {
        if (san.kind == crypto::SanKind::dns && san.value.find('*') == std::string::npos) hosts.push_back(san.value);
      }
    }
  };
  for (const auto& listener : certificates.identities) add_names(listener);
  add_names(certificates.web);
  return hosts;
}

guard::TrunkFigures::Direction directionOf(const config::TrunkLimits& limits) {
  guard::TrunkFigures::Direction direction{limits.calls, {}};
  if (limits.calls_per_second) direction.rate = rateOf(*limits.calls_per_second);
  return direction;
}

std::shared_ptr<guard::AdmissionChain> admissionChain(const config::Config& config, const Certificates& certificates,
                                                      const guard::TrunkPolicy& trunks, JudgeTables& tables) {
  const auto& rules = config.guard;
  guard::AdmissionPolicy policy;
  policy.peer_known = modeOf(rules.peer_known);
  policy.method_allowed = modeOf(rules.method);
  const auto methods = config::methodsOf(config, {});
  policy.methods = guard::MethodPolicy{methods, methods, {}};
  policy.request_domain_ours = modeOf(rules.domain);
  policy.our_hosts = hostsOf(config, certificates);
  policy.source_call_rate = modeOf(rules.source_call_rate.mode);
  policy.source_rate = rateOf(rules.source_call_rate);
  policy.identity_call_rate = modeOf(rules.identity_call_rate.mode);
  policy.identity_rate = rateOf(rules.identity_call_rate);
  policy.identity_request_rate = modeOf(rules.identity_request_rate.mode);
  policy.request_rate = rateOf(rules.identity_request_rate);
  policy.source_calls = modeOf(rules.source_concurrency.mode);
  policy.source_cap = rules.source_concurrency.max_concurrent;
  policy.identity_calls = modeOf(rules.identity_concurrency.mode);
  policy.identity_cap = rules.identity_concurrency.max_concurrent;
  policy.peer_calls = modeOf(rules.peer_concurrency.mode);
  policy.peer_cap = rules.peer_concurrency.max_concurrent;
  const auto own = [&](const std::string& name, const config::Policy& figures) {
    policy.methods.of_peer.emplace(name, config::methodsOf(config, name));
    if (figures.max_calls) policy.identity_cap_of_peer.emplace(name, *figures.max_calls);
    if (!figures.call_rate) return;
    policy.identity_rate_of_peer.emplace(name, rateOf(*figures.call_rate));
  };
  for (const auto& peer : config.peers) {
    own(peer.name, peer.policy);
    if (peer.policy.max_calls) policy.cap_of_peer.emplace(peer.name, *peer.policy.max_calls);
    policy.request_rate_of_peer.emplace(peer.name, guard::Rate{kUsersOfAPeer * policy.request_rate.per_second,
                                                               kUsersOfAPeer * policy.request_rate.burst});
  }
  if (config.devices) own(std::string{call::kDevices}, config.devices->policy);  // per device, not for all of them
  policy.trunks = trunks;
  return guard::buildAdmissionChain(policy, tables.limits, &tables.decisions);
}

guard::AuthFailurePolicy failurePolicy(const config::Guard& rules) {
  return {modeOf(rules.source_auth_failures.mode), rateOf(rules.source_auth_failures),
          modeOf(rules.identity_auth_failures.mode), rateOf(rules.identity_auth_failures)};
}

// --- what is demanded of whom ------------------------------------------------------------------------------------

identity::Proof proofOf(config::Proof proof) {
  switch (proof) {
    case config::Proof::certificate: return identity::Proof::certificate;
    case config::Proof::digest: return identity::Proof::digest;
    case config::Proof::scram: return identity::Proof::scram;
    case config::Proof::token: return identity::Proof::token;
    case config::Proof::network: return identity::Proof::network;
  }
  return identity::Proof::certificate;
}

std::vector<identity::Proofs> proofsOf(const std::vector<config::Proofs>& any_of) {
  std::vector<identity::Proofs> all;
  for (const auto& named : any_of) {
    auto& proofs = all.emplace_back();
    for (const auto proof : named) proofs.add(proofOf(proof));
  }
  return all;
}

// Of what somebody's own setting offers, what holds at a listener that demands at least one of `floor`.
std::vector<identity::Proofs> atLeast(std::vector<identity::Proofs> any_of,
                                      const std::vector<identity::Proofs>& floor) {
  if (floor.empty()) return any_of;
  std::erase_if(any_of, [&](const identity::Proofs& proofs) {
    return std::none_of(floor.begin(), floor.end(),
                        [&](const identity::Proofs& least) { return proofs.contains(least); });
  });
  return any_of;
}

Error within(Error error, const config::Path& file) {
  error.detail = file.string() + ": " + error.detail;
  return error;
}

class RuleBuilder {
 public:
  RuleBuilder(const config::Config& config, JudgeTables& tables, identity::IssuerKeysPtr fetched)
      : config_(config), tables_(tables), keys_(std::move(fetched)) {}

  Result<call::AuthenticationRulesPtr> build() {
    SP_TRY(loadCredentials());
    SP_TRY(loadTokens());
    auto rules = std::make_shared<call::AuthenticationRules>();
    for (const auto& listener : config_.listeners)
      rules->listeners.emplace(listener.name, rulesAt(listener.authentication));
    if (config_.web_listener)
      rules->listeners.emplace(config::kWebListener, rulesAt(config_.web_listener->authentication));
    rules->listeners.emplace(config::kUnprotectedListener, rulesWithoutTls());
    return call::AuthenticationRulesPtr{std::move(rules)};
  }

 private:
  std::string realm() const {
    if (config_.devices && !config_.devices->realm.empty()) return config_.devices->realm;
    return domain();
  }
  const std::string& domain() const { return config_.devices ? config_.devices->domain : config_.edge.domains.front(); }

  Status loadCredentials() {
    auto store = identity::CredentialStore{tables_.decoys.clone()};
    if (config_.devices && config_.devices->credentials) {
      const auto& file = *config_.devices->credentials;
      SP_ASSIGN(const auto content, crypto::readPemFile(file, crypto::Readers::ownerOnly));
      auto parsed = identity::CredentialStore::parse(textOf(content), tables_.decoys.clone());
      if (!parsed) return within(std::move(parsed).error(), file);
      store = *std::move(parsed);
    }
    credentials_ = std::make_shared<const identity::CredentialStore>(std::move(store));
    identity::ScramPolicy scram;
    scram.realm = realm();
    scram.max_exchanges = 1;  // a failure then counts against the one name that was asked about on the connection
    SP_ASSIGN(scram_, identity::ScramMechanism::make(std::move(scram), tables_.decoys.clone()));
    return success();
  }

  Status loadTokens() {
    if (!config_.devices || !config_.devices->token) return success();
    const auto& issuer = *config_.devices->token;
    if (!issuer.jwks.empty()) {
      SP_ASSIGN(const auto content, crypto::readPemFile(issuer.jwks, crypto::Readers::anybody));
      auto keys = identity::parseJwks(textOf(content));
      if (!keys) return within(std::move(keys).error(), issuer.jwks);
      keys_ = std::make_shared<identity::IssuerKeys>(*std::move(keys));
    }
    identity::TokenPolicy policy;
    policy.issuer = issuer.issuer;
    policy.audiences = {issuer.audience};
    policy.domain = domain();
    policy.realm = realm();
    policy.authz_server = issuer.authz_server;
    issuer_ = std::make_shared<const identity::TokenVerifier>(std::move(policy), keys_, tables_.tokens);
    return success();
  }

  identity::AuthenticationPolicy policyOf(const config::Policy& of, const std::vector<identity::Proofs>& floor) const {
    identity::AuthenticationPolicy policy;
    policy.any_of = atLeast(proofsOf(of.authentication), floor);
    policy.digest.realm = realm();
    policy.digest.domain = domain();
    policy.digest.algorithms.clear();
    for (const auto algorithm : of.digest_algorithms) policy.digest.algorithms.push_back(call::algorithmOf(algorithm));
    policy.credentials = credentials_;
    policy.scram = scram_;
    policy.tokens = issuer_;
    return policy;
  }

  // What a connection that has shown nothing may be asked for. Algorithms count of those only whom a password alone
  // proves: a peer's others are for its challenges to us, and some phones give up at one they do not know.
  static void ask(identity::AuthenticationPolicy& strangers, const identity::AuthenticationPolicy& of) {
    bool by_digest = false;
    for (const auto& proofs : of.any_of) {
      if (proofs.has(identity::Proof::certificate) || proofs.has(identity::Proof::network)) continue;
      by_digest = by_digest || proofs.has(identity::Proof::digest);
      const bool known = std::find(strangers.any_of.begin(), strangers.any_of.end(), proofs) != strangers.any_of.end();
      if (!known) strangers.any_of.push_back(proofs);
    }
    if (!by_digest) return;
    for (const auto algorithm : of.digest.algorithms) {
      auto& algorithms = strangers.digest.algorithms;
      if (std::find(algorithms.begin(), algorithms.end(), algorithm) == algorithms.end())
        algorithms.push_back(algorithm);
    }
  }

  call::ListenerRules rulesAt(const std::vector<config::Proofs>& least) const {
    const auto floor = proofsOf(least);
    call::ListenerRules rules;
    rules.strangers = policyOf(config_.devices ? config_.devices->policy : config::Policy{}, floor);
    rules.strangers.any_of.clear();
    rules.strangers.digest.algorithms.clear();
    if (config_.devices) {
      const auto& policy = rules.of.emplace(call::kDevices, policyOf(config_.devices->policy, floor)).first->second;
      ask(rules.strangers, policy);
    }
    for (const auto& peer : config_.peers) {
      if (peer.unprotected) continue;
      const auto& policy = rules.of.emplace(peer.name, policyOf(peer.policy, floor)).first->second;
      ask(rules.strangers, policy);
    }
    return rules;
  }

  // Unprotected peers, proven by their networks, and nobody else: a stranger there has nothing to be asked for.
  call::ListenerRules rulesWithoutTls() const {
    call::ListenerRules rules;
    for (const auto& peer : config_.peers) {
      if (peer.unprotected) rules.of.emplace(peer.name, policyOf(peer.policy, {}));
    }
    return rules;
  }

  const config::Config& config_;
  JudgeTables& tables_;
  identity::IssuerKeysPtr keys_;
  identity::CredentialStorePtr credentials_;
  std::shared_ptr<const identity::ScramMechanism> scram_;
  std::shared_ptr<const identity::TokenVerifier> issuer_;
};

}  // namespace

JudgeTables::JudgeTables(Secret decoy_key)
    : limits({crypto::randomNumber(), crypto::randomNumber()}),
      failures({crypto::randomNumber(), crypto::randomNumber()}),
      nonces(crypto::randomSecret(kKeyBytes)),
      decoys(std::move(decoy_key)) {}

Result<Secret> decoyKey(const config::Path& state_dir) {
  const auto file = state_dir / "decoys.key";
  auto kept = crypto::readPemFile(file, crypto::Readers::ownerOnly);
  if (!kept && std::string_view{kept.error().code} == "crypto.file.missing") {
    auto made = crypto::randomSecret(kKeyBytes);
    SP_TRY(pki::replaceFile(file, made.bytes(), 0600));
    return made;
  }
  if (kept && kept->size() != kKeyBytes) {
    return Error{ErrorKind::misconfigured, "app.decoys.malformed",
                 file.string() + " has not the 32 bytes it was made with; without it a new one is made"};
  }
  return kept;
}

guard::TrunkPolicy trunkPolicy(const config::Config& config, const JudgeTables& tables) {
  guard::TrunkPolicy policy;
  for (const auto& peer : config.peers) {
    guard::TrunkFigures figures{directionOf(peer.limits_in), directionOf(peer.limits_out), peer.channels};
    const bool limited =
        figures.in.calls || figures.in.rate || figures.out.calls || figures.out.rate || figures.channels;
    if (limited) policy.of_peer.emplace(peer.name, figures);
  }
  policy.drained = tables.drained;
  return policy;
}

Result<call::Judges> judgesOf(const config::Config& config, const Certificates& certificates, JudgeTables& tables,
                              identity::IssuerKeysPtr fetched) {
  call::Judges judges;
  SP_ASSIGN(judges.authentication, RuleBuilder(config, tables, std::move(fetched)).build());
  judges.tokens = tables.tokens;
  const auto trunks = trunkPolicy(config, tables);
  judges.admission = admissionChain(config, certificates, trunks, tables);
  judges.failures =
      std::make_shared<guard::AuthFailureLimits>(failurePolicy(config.guard), tables.failures, &tables.decisions);
  judges.trunks = std::make_shared<guard::TrunkAdmission>(trunks, tables.limits, &tables.decisions);
  return judges;
}

}  // namespace sallyport::app
