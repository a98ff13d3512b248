// SPDX-License-Identifier: Apache-2.0
#include "guard/rules.h"

#include <algorithm>

namespace sallyport::guard {
namespace {

constexpr std::size_t kMostQuoted = 96;

std::string quoted(std::string_view text) { return "'" + std::string{text.substr(0, kMostQuoted)} + "'"; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view withoutFinalDot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

// Orders host names without regard to case.
struct HostOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [](char x, char y) { return lower(x) < lower(y); });
  }
};

bool startsCall(const RequestFacts& facts) { return facts.scope == RequestScope::initial && facts.method == "INVITE"; }

// An ACK or a CANCEL belongs to a call that was counted when it began.
bool standsAlone(const RequestFacts& facts) {
  return facts.scope == RequestScope::initial && facts.method != "INVITE" && facts.method != "ACK" &&
         facts.method != "CANCEL" && !facts.identity.empty();
}

Verdict noRoomFor(std::string_view what) {
  return Verdict::refuse(ErrorKind::overloaded, "guard.table.full",
                         "no idle entry left to count a new " + std::string{what});
}

class PeerKnown final : public Rule {
 public:
  std::string_view name() const override { return "peer_known"; }
  Verdict judge(const RequestFacts& facts, TimePoint, CallPermits&) override {
    if (!facts.peer.empty()) return Verdict::admit();
    return Verdict::refuse(ErrorKind::peerDenied, "guard.peer.unknown", "the handshake named no peer");
  }
};

class MethodAllowed final : public Rule {
 public:
  explicit MethodAllowed(MethodPolicy policy) : policy_(std::move(policy)) {}
  std::string_view name() const override { return "method"; }
  Verdict judge(const RequestFacts& facts, TimePoint, CallPermits&) override {
    const bool initial = facts.scope == RequestScope::initial;
    const auto own = policy_.of_peer.find(facts.peer);
    const auto& usual = initial ? policy_.initial : policy_.in_dialog;
    const auto& allowed = own == policy_.of_peer.end() ? usual : own->second;
    if (std::find(allowed.begin(), allowed.end(), facts.method) != allowed.end()) return Verdict::admit();
    return Verdict::refuse(ErrorKind::peerDenied, "guard.method.denied",
                           quoted(facts.method) + (initial ? " outside a dialog" : " in a dialog"));
  }

 private:
  MethodPolicy policy_;
};

class RequestDomainOurs final : public Rule {
 public:
  explicit RequestDomainOurs(const std::vector<std::string>& hosts) {
    for (const auto& host : hosts) {
      if (const auto address = IpAddress::parse(host)) {
        addresses_.push_back(*address);
      } else {
        names_.emplace_back(withoutFinalDot(host));
      }
    }
    std::sort(names_.begin(), names_.end(), HostOrder{});
  }
  std::string_view name() const override { return "domain"; }
  Verdict judge(const RequestFacts& facts, TimePoint, CallPermits&) override {
    const auto host = withoutFinalDot(facts.request_host);
    if (std::binary_search(names_.begin(), names_.end(), host, HostOrder{})) return Verdict::admit();
    if (const auto address = IpAddress::parse(host)) {
      if (std::find(addresses_.begin(), addresses_.end(), *address) != addresses_.end()) return Verdict::admit();
    }
    return Verdict::refuse(ErrorKind::peerDenied, "guard.domain.foreign",
                           "Request-URI host " + quoted(facts.request_host) + " is none of ours");
  }

 private:
  std::vector<std::string> names_;
  std::vector<IpAddress> addresses_;
};

// Whom a limiting rule counts, and what it says of them.
enum class Subject : std::uint8_t { source, identity, peer };

struct LimitWords {
  std::string_view rule;
  const char* code;
  std::string_view noun;
  std::string_view counted = "calls";
};

// The counted name of a request's subject; sources go by sourceName(), held here.
class SubjectName {
 public:
  SubjectName(const RequestFacts& facts, Subject subject) {
    if (subject == Subject::source) {
      source_ = sourceName(facts.source);
      name_ = {source_.data(), source_.size()};
    } else {
      name_ = subject == Subject::identity ? facts.identity : facts.peer;
    }
  }
  SubjectName(const SubjectName&) = delete;
  SubjectName& operator=(const SubjectName&) = delete;

  std::string_view view() const { return name_; }

 private:
  std::array<char, 9> source_{};
  std::string_view name_;
};

std::string printed(const RequestFacts& facts, Subject subject) {
  if (subject == Subject::source) return facts.source.toString();
  return quoted(subject == Subject::identity ? facts.identity : facts.peer);
}

using Caps = std::map<std::string, unsigned, std::less<>>;
using Rates = std::map<std::string, Rate, std::less<>>;

// What applies to the peer of a request: its own figure where it has one.
template <typename Figure>
const Figure& figureFor(const RequestFacts& facts, const std::map<std::string, Figure, std::less<>>& own,
                        const Figure& general) {
  if (own.empty()) return general;
  const auto found = own.find(facts.peer);
  return found == own.end() ? general : found->second;
}

using Concerns = bool (*)(const RequestFacts&);

class RequestRate final : public Rule {
 public:
  RequestRate(Concerns concerns, Subject subject, LimitWords words, std::shared_ptr<LimitTable> table, Rate rate,
              Rates rates)
      : concerns_(concerns),
        subject_(subject),
        words_(words),
        table_(std::move(table)),
        rate_(rate),
        rates_(std::move(rates)) {}
  std::string_view name() const override { return words_.rule; }
  Verdict judge(const RequestFacts& facts, TimePoint now, CallPermits&) override {
    if (!concerns_(facts)) return Verdict::admit();
    const SubjectName subject{facts, subject_};
    const auto& rate = figureFor(facts, rates_, rate_);
    const auto taken = table_->takeToken(subject.view(), rate, now);
    if (taken.outcome == LimitTable::Outcome::within) return Verdict::admit();
    if (taken.outcome == LimitTable::Outcome::tableFull) return noRoomFor(words_.noun);
    auto verdict = Verdict::refuse(ErrorKind::overloaded, words_.code, explain(facts, rate));
    const auto whole = std::chrono::ceil<std::chrono::seconds>(taken.retry_after);
    verdict.retry_after = std::max(whole, std::chrono::seconds{1});
    return verdict;
  }

 private:
  std::string explain(const RequestFacts& facts, const Rate& rate) const {
    auto per_second = std::to_string(rate.per_second);
    per_second.resize(per_second.find('.') + 3);  // two places are enough for a person
    return std::string{words_.noun} + " " + printed(facts, subject_) + " is over " + per_second + " " +
           std::string{words_.counted} + " a second, burst " + std::to_string(rate.burst);
  }

  Concerns concerns_;
  Subject subject_;
  LimitWords words_;
  std::shared_ptr<LimitTable> table_;
  Rate rate_;
  Rates rates_;  // of peers that have their own
};

class Concurrency final : public Rule {
 public:
  Concurrency(Subject subject, LimitWords words, std::shared_ptr<LimitTable> table, unsigned cap, Caps caps)
      : subject_(subject), words_(words), table_(std::move(table)), cap_(cap), caps_(std::move(caps)) {}
  std::string_view name() const override { return words_.rule; }
  Verdict judge(const RequestFacts& facts, TimePoint now, CallPermits& permits) override {
    if (!startsCall(facts)) return Verdict::admit();
    const SubjectName subject{facts, subject_};
    auto taken = table_->takeCall(subject.view(), now);
    if (!taken.permit.holds()) return noRoomFor(words_.noun);
    permits.add(std::move(taken.permit));
    const auto cap = figureFor(facts, caps_, cap_);
    if (taken.live <= cap) return Verdict::admit();
    return Verdict::refuse(ErrorKind::overloaded, words_.code,
                           std::string{words_.noun} + " " + printed(facts, subject_) + " has " +
                               std::to_string(taken.live - 1) + " calls of " + std::to_string(cap));
  }

 private:
  Subject subject_;
  LimitWords words_;
  std::shared_ptr<LimitTable> table_;
  unsigned cap_;
  Caps caps_;
};

}  // namespace

LimitTables::LimitTables(HashKey key, std::size_t sources, std::size_t identities, std::size_t peers)
    : source(std::make_shared<LimitTable>(sources, key)),
      identity(std::make_shared<LimitTable>(identities, key)),
      peer(std::make_shared<LimitTable>(peers, key)),
      requests(std::make_shared<LimitTable>(identities, key)),
      trunk(std::make_shared<LimitTable>(3 * peers, key)) {}

std::unique_ptr<Rule> peerKnown() { return std::make_unique<PeerKnown>(); }

std::unique_ptr<Rule> methodAllowed(MethodPolicy policy) { return std::make_unique<MethodAllowed>(std::move(policy)); }

std::unique_ptr<Rule> requestDomainOurs(const std::vector<std::string>& hosts) {
  return std::make_unique<RequestDomainOurs>(hosts);
}

std::unique_ptr<Rule> sourceCallRate(std::shared_ptr<LimitTable> table, Rate rate) {
  return std::make_unique<RequestRate>(startsCall, Subject::source,
                                       LimitWords{"source_call_rate", "guard.rate.source", "source"}, std::move(table),
                                       rate, Rates{});
}

std::unique_ptr<Rule> identityCallRate(std::shared_ptr<LimitTable> table, Rate rate, Rates rate_of_peer) {
  return std::make_unique<RequestRate>(startsCall, Subject::identity,
                                       LimitWords{"identity_call_rate", "guard.rate.identity", "identity"},
                                       std::move(table), rate, std::move(rate_of_peer));
}

std::unique_ptr<Rule> identityRequestRate(std::shared_ptr<LimitTable> table, Rate rate, Rates rate_of_peer) {
  return std::make_unique<RequestRate>(
      standsAlone, Subject::identity,
      LimitWords{"identity_request_rate", "guard.rate.requests", "identity", "requests outside calls"},
      std::move(table), rate, std::move(rate_of_peer));
}

std::unique_ptr<Rule> sourceConcurrency(std::shared_ptr<LimitTable> table, unsigned cap) {
  return std::make_unique<Concurrency>(
      Subject::source, LimitWords{"source_concurrency", "guard.calls.source", "source"}, std::move(table), cap, Caps{});
}

std::unique_ptr<Rule> identityConcurrency(std::shared_ptr<LimitTable> table, unsigned cap, Caps cap_of_peer) {
  return std::make_unique<Concurrency>(Subject::identity,
                                       LimitWords{"identity_concurrency", "guard.calls.identity", "identity"},
                                       std::move(table), cap, std::move(cap_of_peer));
}

std::unique_ptr<Rule> peerConcurrency(std::shared_ptr<LimitTable> table, unsigned cap, Caps cap_of_peer) {
  return std::make_unique<Concurrency>(Subject::peer, LimitWords{"peer_concurrency", "guard.calls.peer", "peer"},
                                       std::move(table), cap, std::move(cap_of_peer));
}

std::unique_ptr<AdmissionChain> buildAdmissionChain(const AdmissionPolicy& policy, const LimitTables& tables,
                                                    DecisionLog* log) {
  std::vector<AdmissionChain::Entry> rules;
  rules.push_back({peerKnown(), policy.peer_known});
  rules.push_back({methodAllowed(policy.methods), policy.method_allowed});
  rules.push_back({requestDomainOurs(policy.our_hosts), policy.request_domain_ours});
  rules.push_back({trunkDrained(policy.trunks.drained), policy.trunks.drained_mode});
  rules.push_back({sourceCallRate(tables.source, policy.source_rate), policy.source_call_rate});
  rules.push_back({identityCallRate(tables.identity, policy.identity_rate, policy.identity_rate_of_peer),
                   policy.identity_call_rate});
  rules.push_back({identityRequestRate(tables.requests, policy.request_rate, policy.request_rate_of_peer),
                   policy.identity_request_rate});
  rules.push_back({trunkCpsIn(tables.trunk, policy.trunks.of_peer), policy.trunks.cps_in});
  rules.push_back({sourceConcurrency(tables.source, policy.source_cap), policy.source_calls});
  rules.push_back(
      {identityConcurrency(tables.identity, policy.identity_cap, policy.identity_cap_of_peer), policy.identity_calls});
  rules.push_back({peerConcurrency(tables.peer, policy.peer_cap, policy.cap_of_peer), policy.peer_calls});
  rules.push_back({trunkCallsIn(tables.trunk, policy.trunks.of_peer), policy.trunks.calls_in});
  rules.push_back({trunkChannels(tables.trunk, policy.trunks.of_peer), policy.trunks.channels});
  return std::make_unique<AdmissionChain>(std::move(rules), log);
}

}  // namespace sallyport::guard
