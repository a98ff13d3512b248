// SPDX-License-Identifier: Apache-2.0
#pragma once
// The call server under test, configured from text, and the passage of time.

#include <string>

#include "call/call_test_support.h"

namespace sallyport::call::test {

// Sections of the configuration that a test may say otherwise.
struct BorderConfig {
  std::string devices = "tier = \"compatible\"\n";
  std::string core = "address = \"10.20.30.40:5061\"\ntier = \"strict\"\n";
  std::string carrier = "asserted_identity = \"sip:+4930123@carrier.test\"\n";
  std::string routes =
      "[[route]]\nuser = \"bob\"\nto = \"core\"\n"
      "[[route]]\nuser = \"+49*\"\nfrom_peer = \"device\"\nto = \"carrier\"\n"
      "[[route]]\nuser = \"core-user\"\nto = \"core\"\n";
  std::string guard =
      "source_call_rate = { mode = \"off\" }\nidentity_call_rate = { mode = \"off\" }\n"
      "methods = [\"INVITE\", \"ACK\", \"BYE\", \"CANCEL\", \"OPTIONS\", \"UPDATE\", \"PRACK\", \"INFO\", "
      "\"MESSAGE\", \"REFER\"]\n";
  std::vector<std::string> methods = {};  // unless empty, those of the guard: also ones that no file may name
  std::string sip = {};
  std::string media = {};
  enum class Peers { all, withoutCore } peers = Peers::all;

  std::string text() const {
    std::string all =
        "[edge]\ndomains = [\"sallyport.test\"]\nstate_dir = \"/nowhere\"\n"
        "[[listener]]\nname = \"public\"\naddress = \"192.0.2.1:5061\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n"
        "[media]\naddress = \"192.0.2.1\"\nport_range = \"20000-29999\"\n" +
        media +
        "[[trust]]\nname = \"private\"\nanchors = \"ca.pem\"\n"
        "[devices]\ntrust = \"private\"\ndomain = \"sallyport.test\"\n" +
        devices + "[[peer]]\nname = \"carrier\"\nidentities = [\"dns:sbc.carrier.test\"]\ntrust = \"private\"\n" +
        carrier;
    if (peers == Peers::all) {
      all += "[[peer]]\nname = \"core\"\nidentities = [\"dns:core.inner.test\"]\ntrust = \"private\"\n" + core + routes;
    }
    return all + "[guard]\n" + guard + "[sip]\n" + sip;
  }
};

inline EdgePolicyPtr policyOf(const BorderConfig& config) {
  auto outcome = config::parse(config.text(), "/nowhere/sallyport.toml");
  SP_CHECK(outcome.ok());
  auto parsed = *std::move(outcome.config);
  if (!config.methods.empty()) parsed.guard.methods = config.methods;
  auto policy = compile(std::make_shared<const config::Config>(std::move(parsed)));
  SP_CHECK(policy.ok());
  return *policy;
}

inline guard::RuleMode modeOf(config::RuleMode mode) { return static_cast<guard::RuleMode>(mode); }

// Certificates; at the listener without TLS the network.
inline AuthenticationRulesPtr certificateRules() {
  auto rules = std::make_shared<AuthenticationRules>();
  identity::AuthenticationPolicy certificate;
  certificate.any_of = {{identity::Proof::certificate}};
  for (const auto* who : {"core", "carrier", "device"}) rules->listeners["public"].of.emplace(who, certificate);
  identity::AuthenticationPolicy network;
  network.any_of = {{identity::Proof::network}};
  rules->listeners[std::string{config::kUnprotectedListener}].of.emplace("core", network);
  return rules;
}

inline std::shared_ptr<guard::AdmissionChain> chainOf(const config::Config& config, const guard::LimitTables& tables,
                                                      guard::DecisionLog& log) {
  const auto& rules = config.guard;
  guard::AdmissionPolicy policy;
  policy.methods = guard::MethodPolicy{rules.methods, rules.methods};
  policy.our_hosts = {std::string{kDomain}, "edge.sallyport.test", "10.0.0.1"};
  policy.source_call_rate = modeOf(rules.source_call_rate.mode);
  policy.identity_call_rate = modeOf(rules.identity_call_rate.mode);
  policy.identity_rate = {rules.identity_call_rate.calls_per_second, rules.identity_call_rate.burst};
  policy.identity_cap = rules.identity_concurrency.max_concurrent;
  policy.source_cap = rules.source_concurrency.max_concurrent;
  return guard::buildAdmissionChain(policy, tables, &log);
}

// Ours at core, which asks for it in some tests.
inline constexpr std::string_view kUsername = "edge", kRealm = "inner", kPassword = "s3cret";
inline Secret passwordAtCore() {
  return Secret{Bytes{reinterpret_cast<const std::uint8_t*>(kPassword.data()), kPassword.size()}};
}
inline std::vector<PeerAccount> accountsAtCore() {
  std::vector<PeerAccount> accounts;
  accounts.push_back(
      {"core", std::string{kUsername}, std::string{kRealm}, passwordAtCore(), {identity::DigestAlgorithm::sha256}});
  return accounts;
}

class Border {
 public:
  explicit Border(const BorderConfig& config = {}) : Border(policyOf(config)) {}
  explicit Border(EdgePolicyPtr rules)
      : policy(std::move(rules)),
        server({0,
                SentBy{"edge.sallyport.test:5061", "10.0.0.1:5060"},
                flows,
                ports,
                judges(),
                nonces,
                decisions,
                directory,
                records,
                log,
                metrics.worker(0),
                clock,
                {},
                &live_everywhere,
                &places,
                &places,
                nullptr,
                &challenges},
               policy) {}

  Judges judges(const EdgePolicyPtr& rules = nullptr) {
    const auto& config = *(rules ? rules : policy)->config;
    return {chainOf(config, tables, decisions), failures, trunks, certificateRules()};
  }

  // New figures for trunks, as a reload brings them.
  void limit(guard::Trunks of_peer, std::shared_ptr<const guard::DrainedPeers> drained = nullptr) {
    guard::TrunkPolicy trunk_policy;
    trunk_policy.of_peer = std::move(of_peer);
    trunk_policy.drained = std::move(drained);
    trunks = std::make_shared<guard::TrunkAdmission>(trunk_policy, tables, &decisions);
    server.adopt(policy, judges());
  }

  // The message as it would come off the connection; what does not parse never reaches the server.
  void receive(sip::FlowId flow, const std::string& text) {
    last_said = {flow, text};
    auto message = sip::Message::parse(text);
    if (message) server.receive(flow, *std::move(message));
  }
  void drop(sip::FlowId flow) {
    flows.close(flow);
    server.flowClosed(flow);
  }

  // Time passes, and everything that falls due is done when it is due.
  void pass(std::chrono::nanoseconds time) {
    const auto end = clock.steady() + time;
    while (clock.steady() < end) {
      auto next = std::min(end, clock.steady() + 1s);
      if (const auto due = server.nextDeadline()) next = std::clamp(*due, clock.steady(), next);
      clock.advance(next - clock.steady());
      server.advance();
      const auto due = server.nextDeadline();
      SP_CHECK(!due || *due > clock.steady());
      SP_CHECK(server.deadlinesPutOff() == 0);  // what was due is done
      if (media_timeouts) server.watch();
    }
  }

  unsigned permits() const {
    unsigned held = 0;
    for (const auto* who : {"alice", "mallory", "core", "carrier"}) {
      const auto& [proof, address] = principal(who);
      const auto source = guard::sourceName(address.address);
      held += tables.identity->liveCalls(proof.identity());
      held += tables.source->liveCalls({source.data(), source.size()});
    }
    return held + tables.peer->liveCalls("core") + tables.peer->liveCalls("carrier") + tables.peer->liveCalls("device");
  }
  // Says what is still held once no call is live; "" when nothing is.
  std::string leftovers() const {
    const auto held = server.holdings();
    std::string text;
    const auto say = [&](const char* what, std::size_t count) {
      if (count != 0) text += std::to_string(count) + " " + what + "; ";
    };
    say("live calls", server.liveCalls());
    say("calls", held.calls);
    say("tags", held.tags);
    say("bindings", held.bindings);
    say("deadlines", held.deadlines);
    say("transactions", held.transactions);
    say("permits", permits());
    say("directory entries", directory.size());
    say("open port pairs", static_cast<std::size_t>(ports.open_calls));
    if (records.begun.size() != records.kept.size()) say("records unwritten", records.begun.size());
    return text;
  }

  struct {
    sip::FlowId flow;
    std::string text;
  } last_said{};                // what receive() was given
  bool media_timeouts = false;  // no media is sent in most tests: silence ends no call
  std::atomic<std::size_t> live_everywhere{0};
  FakeClock clock;
  FakeFlows flows;
  FakePorts ports;
  FakePlaces places;
  guard::LimitTables tables{{1, 2}, 256, 256, 64};
  guard::DecisionLog decisions{64};
  identity::Nonces nonces{Secret{32}};
  guard::AuthFailureTables failure_tables{{3, 4}, 256, 256};
  std::shared_ptr<guard::TrunkAdmission> trunks =
      std::make_shared<guard::TrunkAdmission>(guard::TrunkPolicy{}, tables, &decisions);
  std::shared_ptr<guard::AuthFailureLimits> failures =
      std::make_shared<guard::AuthFailureLimits>(guard::AuthFailurePolicy{}, failure_tables, &decisions);
  PeerChallenges challenges{accountsAtCore()};
  CallDirectory directory;
  KeptRecords records;
  telemetry::RecordingSink log;
  telemetry::Metrics metrics{1};
  EdgePolicyPtr policy;
  CallServer server;
};

}  // namespace sallyport::call::test
