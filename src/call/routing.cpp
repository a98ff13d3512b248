// SPDX-License-Identifier: Apache-2.0
#include "call/routing.h"

#include <algorithm>

#include "sip/header_values.h"

namespace sallyport::call {
namespace {

// By the plan of whoever calls; of somebody unknown only numbers with + are known.
Number readBy(const PeerPolicy* source, std::string_view user) {
  return source == nullptr ? NumberPlan{}.read(user) : source->numbers().read(user);
}

// What the rules are asked about, and the number that was dialled.
struct Question {
  Number called;
  RouteFacts facts;

  Question(const EdgePolicy& policy, const RouteQuery& query)
      : called(query.called != nullptr ? *query.called : readBy(policy.peer(query.from_peer), query.user)),
        facts{query.from_peer, query.user, called.e164, query.host, callerText(query.caller), query.at} {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;

 private:
  static std::string_view callerText(const Caller* caller) {
    if (caller == nullptr) return {};
    return caller->number.best();
  }
};

Destination destinationOf(const PeerPolicy& target, const config::RouteTarget& to, const Number& onward) {
  return {.peer = &target,
          .priority = to.priority,
          .weight = to.weight,
          .user = target.numbers().write(onward),
          .is_number = onward.kind != NumberKind::name};
}

HeaderPolicy headersBetween(const EdgePolicy& policy, const PeerPolicy* source, const PeerPolicy& target,
                            const std::string& instead) {
  const auto& far = instead.empty() ? target.headers : *policy.header_policies.find(instead);
  return source == nullptr ? far : HeaderPolicy::between(source->headers, far);
}

// xorshift64*: one draw out of another, the same everywhere.
std::uint64_t nextDraw(std::uint64_t& state) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1DULL;
}

}  // namespace

Result<CalledParty> calledParty(const EdgePolicy& policy, std::string_view from_peer, std::string_view uri_text) {
  SP_ASSIGN(const auto uri, sip::Uri::parse(uri_text));
  const bool is_tel = sip::equalsIgnoringCase(uri.scheme, "tel");
  if (!is_tel && !uri.isSip() && !uri.isSips())
    return Error{ErrorKind::peerMisbehaved, "call.request_uri.scheme", std::string{uri_text}};
  const auto user = sip::unescaped(uri.user);
  if (!is_tel && (!user || user->empty()))
    return Error{ErrorKind::peerMisbehaved, "call.request_uri.user", std::string{uri_text}};
  const auto* source = policy.peer(from_peer);
  const auto plan = source == nullptr ? NumberPlan{} : source->numbers();
  SP_ASSIGN(auto number, plan.read(uri, policy.domain()));
  const bool is_phone = is_tel || sip::equalsIgnoringCase(uri.params.find("user").value_or(""), "phone");
  auto called = is_phone ? number.dialled : *user;
  return CalledParty{std::move(called), is_tel ? policy.domain() : std::string{uri.host}, std::move(number)};
}

std::string Destination::uri() const {
  return "sip:" + sip::escapedUser(user) + "@" + peer->uri_host + (peer->user_phone && is_number ? ";user=phone" : "");
}

Result<RouteDecision> route(const EdgePolicy& policy, const RouteQuery& query) {
  const Question question{policy, query};
  const auto index = policy.routes.find(question.facts);
  if (index == RouteTable::kNone) {
    return Error{ErrorKind::peerDenied, "call.route.none", std::string{query.user} + "@" + std::string{query.host}};
  }
  const auto& rule = policy.routes.rule(index);
  const auto& text = policy.routes.describe(index);
  if (rule.refuse) return Error{ErrorKind::peerDenied, refusalCode(static_cast<int>(*rule.refuse)), text};

  RouteDecision decision{index, text, question.called, question.called, {}};
  const auto* source = policy.peer(query.from_peer);
  if (const auto rewritten = policy.routes.rewritten(index, question.facts))
    decision.onward = readBy(source, *rewritten);
  for (const auto& to : rule.to) {
    const auto* target = policy.peer(to.peer);
    SP_CHECK(target != nullptr);  // references are resolved when the configuration is loaded
    if (target == source && target->name != kDevices) continue;
    auto destination = destinationOf(*target, to, decision.onward);
    destination.headers = headersBetween(policy, source, *target, rule.header_policy);
    if (query.caller != nullptr)
      destination.presented = presentCaller(*query.caller, {target->disclosure, &target->numbers()});
    decision.destinations.push_back(std::move(destination));
  }
  if (decision.destinations.empty()) return Error{ErrorKind::peerDenied, "call.route.to_origin", text};
  std::stable_sort(decision.destinations.begin(), decision.destinations.end(),
                   [](const auto& a, const auto& b) { return a.priority < b.priority; });
  return decision;
}

std::vector<const Destination*> failoverOrder(const RouteDecision& decision, std::uint64_t draw) {
  std::vector<const Destination*> order;
  for (const auto& destination : decision.destinations) order.push_back(&destination);
  std::uint64_t state = draw | 1;  // never 0
  for (auto begin = order.begin(); begin != order.end(); ++begin) {
    const auto end =
        std::find_if(begin, order.end(), [&](const auto* other) { return other->priority != (*begin)->priority; });
    std::uint64_t all = 0;
    for (auto each = begin; each != end; ++each) all += (*each)->weight;
    if (all == 0) continue;
    auto left = nextDraw(state) % all;
    auto chosen = begin;
    while (left >= (*chosen)->weight) left -= (*chosen++)->weight;
    std::rotate(begin, chosen, chosen + 1);
  }
  return order;
}

std::vector<RuleVerdict> explainRules(const EdgePolicy& policy, const RouteQuery& query) {
  const Question question{policy, query};
  std::vector<RuleVerdict> verdicts;
  for (std::size_t i = 0; i < policy.routes.size(); ++i)
    verdicts.push_back({policy.routes.describe(i), policy.routes.mismatch(i, question.facts)});
  return verdicts;
}

}  // namespace sallyport::call
