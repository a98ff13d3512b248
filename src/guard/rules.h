// SPDX-License-Identifier: Apache-2.0
#pragma once
// The rules of the first chain, and the policy that orders them. Rule names are what configuration, metrics
// and `sallyport why` use.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "guard/admission_chain.h"
#include "guard/limits.h"
#include "guard/trunk_rules.h"

namespace sallyport::guard {

// The tables the limiting rules count in: one set per process, kept across reloads.
struct LimitTables {
  explicit LimitTables(HashKey key, std::size_t sources = 65'536, std::size_t identities = 65'536,
                       std::size_t peers = 1'024);

  std::shared_ptr<LimitTable> source, identity, peer;
  std::shared_ptr<LimitTable> requests;  // by identity: those that are no calls
  std::shared_ptr<LimitTable> trunk;     // by trunk and direction
};

struct MethodPolicy {
  std::vector<std::string> initial{"INVITE", "ACK", "CANCEL", "OPTIONS"};
  std::vector<std::string> in_dialog{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "INFO"};
  std::map<std::string, std::vector<std::string>, std::less<>> of_peer{};  // instead of both lists, for those in it
};

// "peer_known": the handshake named a peer. guard.peer.unknown
std::unique_ptr<Rule> peerKnown();
// "method": default deny. guard.method.denied
std::unique_ptr<Rule> methodAllowed(MethodPolicy policy);
// "domain": the Request-URI names us, by name (any case, final dot ignored) or by address.
// guard.domain.foreign
std::unique_ptr<Rule> requestDomainOurs(const std::vector<std::string>& hosts);
// "source_call_rate", "identity_call_rate": initial INVITEs per second. guard.rate.source, guard.rate.identity;
// guard.table.full when there is no room to count a newcomer.
std::unique_ptr<Rule> sourceCallRate(std::shared_ptr<LimitTable> table, Rate rate);
std::unique_ptr<Rule> identityCallRate(std::shared_ptr<LimitTable> table, Rate rate,
                                       std::map<std::string, Rate, std::less<>> rate_of_peer = {});
// "identity_request_rate": requests outside a dialog that are no calls (REGISTER, MESSAGE, SUBSCRIBE, ...), of an
// identity that is proven: before that there is nobody to count them for. guard.rate.requests, guard.table.full.
std::unique_ptr<Rule> identityRequestRate(std::shared_ptr<LimitTable> table, Rate rate,
                                          std::map<std::string, Rate, std::less<>> rate_of_peer = {});
// "source_concurrency", "identity_concurrency", "peer_concurrency": live calls. guard.calls.source, .identity, .peer;
// guard.table.full.
std::unique_ptr<Rule> sourceConcurrency(std::shared_ptr<LimitTable> table, unsigned cap);
std::unique_ptr<Rule> identityConcurrency(std::shared_ptr<LimitTable> table, unsigned cap,
                                          std::map<std::string, unsigned, std::less<>> cap_of_peer = {});
std::unique_ptr<Rule> peerConcurrency(std::shared_ptr<LimitTable> table, unsigned cap,
                                      std::map<std::string, unsigned, std::less<>> cap_of_peer);

// The whole chain as configuration says it, in the order of the fields.
struct AdmissionPolicy {
  RuleMode peer_known = RuleMode::enforce;
  RuleMode method_allowed = RuleMode::enforce;
  MethodPolicy methods;
  RuleMode request_domain_ours = RuleMode::enforce;
  std::vector<std::string> our_hosts;
  RuleMode source_call_rate = RuleMode::enforce;
  Rate source_rate{20, 40};
  RuleMode identity_call_rate = RuleMode::enforce;
  Rate identity_rate{5, 10};
  RuleMode identity_request_rate = RuleMode::enforce;
  Rate request_rate{20, 60};
  RuleMode source_calls = RuleMode::enforce;
  unsigned source_cap = 200;
  RuleMode identity_calls = RuleMode::enforce;
  unsigned identity_cap = 20;
  RuleMode peer_calls = RuleMode::enforce;
  unsigned peer_cap = 1'000;
  std::map<std::string, unsigned, std::less<>> cap_of_peer;
  // Figures for each identity of a peer (or of the device class) that has its own.
  std::map<std::string, Rate, std::less<>> identity_rate_of_peer;
  std::map<std::string, unsigned, std::less<>> identity_cap_of_peer;
  std::map<std::string, Rate, std::less<>> request_rate_of_peer;
  TrunkPolicy trunks;
};

std::unique_ptr<AdmissionChain> buildAdmissionChain(const AdmissionPolicy& policy, const LimitTables& tables,
                                                    DecisionLog* log);

}  // namespace sallyport::guard
