// SPDX-License-Identifier: Apache-2.0
#include "guard/trunk_rules.h"

#include <algorithm>

#include "guard/rules.h"

namespace sallyport::guard {
namespace {

constexpr std::chrono::seconds kDrainRetry{30};

enum class Way : std::uint8_t { in, out, both };

struct Words {
  std::string_view rule;
  const char* code;
  Way way;
};

bool isCallIn(const RequestFacts& facts) { return facts.scope == RequestScope::initial && facts.method == "INVITE"; }
bool isCallOut(const RequestFacts& facts) { return facts.scope == RequestScope::onward; }

bool concerns(const RequestFacts& facts, Way way) {
  return (way != Way::out && isCallIn(facts)) || (way != Way::in && isCallOut(facts));
}

std::string accountOf(std::string_view peer, Way way) {
  return (way == Way::in ? "in:" : way == Way::out ? "out:" : "both:") + std::string{peer};
}

// What one rule needs of a trunk: its figure, and the name it is counted under.
template <typename Figure>
struct Counted {
  Figure figure;
  std::string account;
};
template <typename Figure>
using CountedTrunks = std::map<std::string, Counted<Figure>, std::less<>>;

template <typename Figure, typename Pick>
CountedTrunks<Figure> countedOf(const Trunks& trunks, Way way, const Pick& pick) {
  CountedTrunks<Figure> counted;
  for (const auto& [peer, figures] : trunks) {
    if (const std::optional<Figure> figure = pick(figures))
      counted.emplace(peer, Counted<Figure>{*figure, accountOf(peer, way)});
  }
  return counted;
}

Verdict noRoom() {
  return Verdict::refuse(ErrorKind::overloaded, "guard.table.full", "no idle entry left to count a new trunk");
}

class Drained final : public Rule {
 public:
  explicit Drained(std::shared_ptr<const DrainedPeers> peers) : peers_(std::move(peers)) {}
  std::string_view name() const override { return "trunk_drained"; }
  Verdict judge(const RequestFacts& facts, TimePoint, CallPermits&) override {
    if (!concerns(facts, Way::both) || peers_ == nullptr || !peers_->isDrained(facts.peer)) return Verdict::admit();
    auto verdict = Verdict::refuse(ErrorKind::unavailable, "guard.trunk.drained",
                                   std::string{facts.peer} + " is taken out of service by the operator");
    verdict.retry_after = kDrainRetry;
    return verdict;
  }

 private:
  std::shared_ptr<const DrainedPeers> peers_;
};

class TrunkRate final : public Rule {
 public:
  TrunkRate(Words words, std::shared_ptr<LimitTable> table, CountedTrunks<Rate> trunks)
      : words_(words), table_(std::move(table)), trunks_(std::move(trunks)) {}
  std::string_view name() const override { return words_.rule; }
  Verdict judge(const RequestFacts& facts, TimePoint now, CallPermits&) override {
    if (trunks_.empty() || !concerns(facts, words_.way)) return Verdict::admit();
    const auto trunk = trunks_.find(facts.peer);
    if (trunk == trunks_.end()) return Verdict::admit();
    const auto& rate = trunk->second.figure;
    const auto taken = table_->takeToken(trunk->second.account, rate, now);
    if (taken.outcome == LimitTable::Outcome::within) return Verdict::admit();
    if (taken.outcome == LimitTable::Outcome::tableFull) return noRoom();
    auto verdict = Verdict::refuse(ErrorKind::overloaded, words_.code,
                                   trunk->first + " is over its rate of calls, burst " + std::to_string(rate.burst));
    const auto whole = std::chrono::ceil<std::chrono::seconds>(taken.retry_after);
    verdict.retry_after = std::max(whole, std::chrono::seconds{1});
    return verdict;
  }

 private:
  Words words_;
  std::shared_ptr<LimitTable> table_;
  CountedTrunks<Rate> trunks_;
};

class TrunkCalls final : public Rule {
 public:
  TrunkCalls(Words words, std::shared_ptr<LimitTable> table, CountedTrunks<unsigned> trunks)
      : words_(words), table_(std::move(table)), trunks_(std::move(trunks)) {}
  std::string_view name() const override { return words_.rule; }
  Verdict judge(const RequestFacts& facts, TimePoint now, CallPermits& permits) override {
    if (trunks_.empty() || !concerns(facts, words_.way)) return Verdict::admit();
    const auto trunk = trunks_.find(facts.peer);
    if (trunk == trunks_.end()) return Verdict::admit();
    auto taken = table_->takeCall(trunk->second.account, now);
    if (!taken.permit.holds()) return noRoom();
    permits.add(std::move(taken.permit));
    const auto cap = trunk->second.figure;
    if (taken.live <= cap) return Verdict::admit();
    return Verdict::refuse(
        ErrorKind::overloaded, words_.code,
        trunk->first + " has " + std::to_string(taken.live - 1) + " calls of " + std::to_string(cap));
  }

 private:
  Words words_;
  std::shared_ptr<LimitTable> table_;
  CountedTrunks<unsigned> trunks_;
};

std::unique_ptr<Rule> rateRule(Words words, std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  auto counted = countedOf<Rate>(trunks, words.way, [&](const TrunkFigures& figures) {
    return words.way == Way::in ? figures.in.rate : figures.out.rate;
  });
  return std::make_unique<TrunkRate>(words, std::move(table), std::move(counted));
}

std::unique_ptr<Rule> callsRule(Words words, std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  auto counted = countedOf<unsigned>(trunks, words.way, [&](const TrunkFigures& figures) {
    return words.way == Way::in ? figures.in.calls : words.way == Way::out ? figures.out.calls : figures.channels;
  });
  return std::make_unique<TrunkCalls>(words, std::move(table), std::move(counted));
}

std::vector<AdmissionChain::Entry> onwardRules(const TrunkPolicy& policy, const LimitTables& tables) {
  std::vector<AdmissionChain::Entry> rules;
  rules.push_back({trunkDrained(policy.drained), policy.drained_mode});
  rules.push_back({trunkCpsOut(tables.trunk, policy.of_peer), policy.cps_out});
  rules.push_back({trunkCallsOut(tables.trunk, policy.of_peer), policy.calls_out});
  rules.push_back({trunkChannels(tables.trunk, policy.of_peer), policy.channels});
  return rules;
}

}  // namespace

void DrainedPeers::drain(std::string_view peer) {
  const std::lock_guard lock{mutex_};
  peers_.emplace(peer);
  count_ = peers_.size();
}

void DrainedPeers::enable(std::string_view peer) {
  const std::lock_guard lock{mutex_};
  if (const auto found = peers_.find(peer); found != peers_.end()) peers_.erase(found);
  count_ = peers_.size();
}

bool DrainedPeers::isDrained(std::string_view peer) const {
  if (count_ == 0) return false;
  const std::lock_guard lock{mutex_};
  return peers_.find(peer) != peers_.end();
}

std::vector<std::string> DrainedPeers::list() const {
  const std::lock_guard lock{mutex_};
  return {peers_.begin(), peers_.end()};
}

std::unique_ptr<Rule> trunkDrained(std::shared_ptr<const DrainedPeers> drained) {
  return std::make_unique<Drained>(std::move(drained));
}

std::unique_ptr<Rule> trunkCpsIn(std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  return rateRule({"trunk_cps_in", "guard.trunk.cps_in", Way::in}, std::move(table), trunks);
}

std::unique_ptr<Rule> trunkCpsOut(std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  return rateRule({"trunk_cps_out", "guard.trunk.cps_out", Way::out}, std::move(table), trunks);
}

std::unique_ptr<Rule> trunkCallsIn(std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  return callsRule({"trunk_calls_in", "guard.trunk.calls_in", Way::in}, std::move(table), trunks);
}

std::unique_ptr<Rule> trunkCallsOut(std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  return callsRule({"trunk_calls_out", "guard.trunk.calls_out", Way::out}, std::move(table), trunks);
}

std::unique_ptr<Rule> trunkChannels(std::shared_ptr<LimitTable> table, const Trunks& trunks) {
  return callsRule({"trunk_channels", "guard.trunk.channels", Way::both}, std::move(table), trunks);
}

TrunkLoad trunkLoad(const LimitTables& tables, std::string_view peer) {
  const auto live = [&](Way way) { return tables.trunk->liveCalls(accountOf(peer, way)); };
  return {live(Way::in), live(Way::out), live(Way::both)};
}

TrunkAdmission::TrunkAdmission(const TrunkPolicy& policy, const LimitTables& tables, DecisionLog* log)
    : chain_(onwardRules(policy, tables), log) {}

Result<CallPermits> TrunkAdmission::admit(const RequestFacts& call, std::string_view target, TimePoint now) {
  auto onward = call;
  onward.peer = target;
  onward.scope = RequestScope::onward;
  auto judged = chain_.judge(onward, now);
  if (auto* admitted = std::get_if<AdmittedRequest>(&judged)) return admitted->takePermits();
  return std::get<Refusal>(judged).error();
}

}  // namespace sallyport::guard
