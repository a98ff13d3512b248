// SPDX-License-Identifier: Apache-2.0
#include "guard/auth_failures.h"

#include <algorithm>
#include <string>

namespace sallyport::guard {
namespace {

constexpr std::size_t kMostQuoted = 96;
// A bucket that one token fills for a day: whether it is full says whether there was a proof within the day.
constexpr Rate kOnceADay{1.0 / 86'400, 1};

std::string pairName(const IpAddress& source, std::string_view identity) {
  const auto from = sourceName(source);
  return std::string{from.data(), from.size()}.append(identity);
}

bool isProven(const AuthFailureTables& tables, const std::string& pair, TimePoint now) {
  return tables.proven->peekToken(pair, kOnceADay, now).outcome == LimitTable::Outcome::exceeded;
}

Verdict judged(const LimitTable::Token& token, const char* code, std::string facts) {
  auto verdict = Verdict::refuse(ErrorKind::overloaded, code, std::move(facts));
  verdict.retry_after = std::max(std::chrono::ceil<std::chrono::seconds>(token.retry_after), std::chrono::seconds{1});
  return verdict;
}

class SourceFailures final : public Rule {
 public:
  SourceFailures(Rate rate, AuthFailureTables tables) : rate_(rate), tables_(std::move(tables)) {}
  std::string_view name() const override { return "source_auth_failures"; }
  Verdict judge(const RequestFacts& claimed, TimePoint now, CallPermits&) override {
    const auto from = sourceName(claimed.source);
    const auto token = tables_.source->peekToken({from.data(), from.size()}, rate_, now);
    if (token.outcome == LimitTable::Outcome::within) return Verdict::admit();
    if (isProven(tables_, pairName(claimed.source, claimed.identity), now)) return Verdict::admit();
    return judged(token, "guard.auth.source", "too many wrong proofs from " + claimed.source.toString());
  }

 private:
  Rate rate_;
  AuthFailureTables tables_;
};

class IdentityFailures final : public Rule {
 public:
  IdentityFailures(Rate rate, AuthFailureTables tables) : rate_(rate), tables_(std::move(tables)) {}
  std::string_view name() const override { return "identity_auth_failures"; }
  Verdict judge(const RequestFacts& claimed, TimePoint now, CallPermits&) override {
    const auto anywhere = tables_.identity->peekToken(claimed.identity, rate_, now);
    const auto pair = pairName(claimed.source, claimed.identity);
    const auto here = tables_.pair->peekToken(pair, rate_, now);
    const auto within = LimitTable::Outcome::within;
    if (anywhere.outcome == within && here.outcome == within) return Verdict::admit();
    if (here.outcome == within && isProven(tables_, pair, now)) return Verdict::admit();
    return judged(here.outcome == within ? anywhere : here, "guard.auth.identity",
                  "too many wrong proofs for '" + std::string{claimed.identity.substr(0, kMostQuoted)} + "'");
  }

 private:
  Rate rate_;
  AuthFailureTables tables_;
};

std::vector<AdmissionChain::Entry> rulesOf(const AuthFailurePolicy& policy, const AuthFailureTables& tables) {
  std::vector<AdmissionChain::Entry> rules;
  rules.push_back({std::make_unique<SourceFailures>(policy.source, tables), policy.source_mode});
  rules.push_back({std::make_unique<IdentityFailures>(policy.identity, tables), policy.identity_mode});
  return rules;
}

}  // namespace

AuthFailureTables::AuthFailureTables(HashKey key, std::size_t sources, std::size_t identities)
    : source(std::make_shared<LimitTable>(sources, key)),
      identity(std::make_shared<LimitTable>(identities, key)),
      pair(std::make_shared<LimitTable>(identities, key)),
      proven(std::make_shared<LimitTable>(identities, key)) {}

AuthFailureLimits::AuthFailureLimits(const AuthFailurePolicy& policy, const AuthFailureTables& tables, DecisionLog* log)
    : policy_(policy), tables_(tables), chain_(rulesOf(policy, tables), log) {}

Admission AuthFailureLimits::judge(RequestFacts claimed, TimePoint now) {
  claimed.scope = RequestScope::proof;
  return chain_.judge(claimed, now);
}

// A full table forgets the failure: it counts at least in the other tables, and an idle account is soon free.
void AuthFailureLimits::recordFailure(const IpAddress& source, std::string_view identity, TimePoint now) {
  const auto from = sourceName(source);
  (void)tables_.source->takeToken({from.data(), from.size()}, policy_.source, now);
  (void)tables_.identity->takeToken(identity, policy_.identity, now);
  (void)tables_.pair->takeToken(pairName(source, identity), policy_.identity, now);
}

void AuthFailureLimits::recordSuccess(const IpAddress& source, std::string_view identity, TimePoint now) {
  (void)tables_.proven->takeToken(pairName(source, identity), kOnceADay, now);
}

}  // namespace sallyport::guard
