// SPDX-License-Identifier: Apache-2.0
#include "call/request_relay.h"

#include <algorithm>

#include "call/relay_answer.h"
#include "call/relay_expires.h"
#include "call/status_map.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr std::size_t kCallIdCharacters = 24;
constexpr std::size_t kLongestTagValue = 128;  // of an entity tag (RFC 3903 11.3)

constexpr std::string_view kEntityTag = "SIP-ETag";
constexpr std::string_view kIfMatch = "SIP-If-Match";

bool isOneOf(std::string_view text, const std::vector<std::string>& known) {
  return std::any_of(known.begin(), known.end(),
                     [&](const std::string& one) { return sip::equalsIgnoringCase(one, text); });
}

// What of a stand-alone request is written anew at the far side.
struct Onward {
  RelayRoute route;
  std::string method, call_id, from_tag, content_type, body;
  RelayHeaders headers;
  unsigned max_forwards = 70;
  std::uint32_t cseq = 1;
  std::optional<Authorization> proof = {};  // once we were asked for it

  std::string write(const std::string& via) const {
    const auto& target = route.target;
    sip::MessageWriter writer{1'024 + body.size()};
    writer.request(method, target.request_uri).header(sip::HeaderId::via, via);
    for (const auto& hop : target.route) writer.header(sip::HeaderId::route, "<" + hop + ">");
    writer.header(sip::HeaderId::maxForwards, std::uint64_t{max_forwards})
        .header(sip::HeaderId::from, "<" + target.from_uri + ">;tag=" + from_tag)
        .header(sip::HeaderId::to, "<" + target.to_uri + ">")
        .header(sip::HeaderId::callId, call_id)
        .header(sip::HeaderId::cseq, std::to_string(cseq) + " " + method);
    if (proof) writer.header(proof->header, proof->value);
    if (!target.asserted_identity.empty()) {
      writer.header(sip::HeaderId::pAssertedIdentity, "<" + target.asserted_identity + ">");
    }
    for (const auto& [name, value] : headers) writer.header(name, value);
    for (const auto& [name, value] : route.headers) writer.header(name, value);
    return writer.finish(content_type, body);
  }
};

// RFC 3903 11.3: an entity tag is a token.
void addEntityTag(RelayHeaders& headers, const sip::Message& message, std::string_view name) {
  const auto value = message.header(name);
  if (value && value->size() <= kLongestTagValue && sip::isToken(*value)) headers.emplace_back(name, *value);
}

// The media type and its charset; what else stands there is the sender's own business.
std::string contentTypeOf(const sip::Message& message) {
  std::string type{message.contentType()};
  const auto value = message.header(sip::HeaderId::contentType).value_or("");
  const auto semicolon = value.find(';');
  if (semicolon == std::string_view::npos) return type;
  const auto charset = sip::Params{value.substr(semicolon + 1)}.find("charset");
  if (charset && sip::isToken(*charset)) type.append(";charset=").append(*charset);
  return type;
}

const config::Policy* policyOf(const config::Config& config, std::string_view peer) {
  if (peer == kDevices) return config.devices ? &config.devices->policy : nullptr;
  const auto* known = config.peer(peer);
  return known == nullptr ? nullptr : &known->policy;
}

}  // namespace

struct RequestRelay::Carried {
  RelayRequest request;
  Onward onward;
  identity::DigestAttempts attempts = {};
};

RequestRelay::RequestRelay(RelayContext context, RequestRoutes& routes, EdgePolicyPtr policy)
    : context_(std::move(context)), routes_(routes), alive_(std::make_shared<const bool>(true)) {
  context_.policy = std::move(policy);
}

RequestRelay::~RequestRelay() {
  for (const auto& subscription : all()) subscription->abandon();
}

void RequestRelay::adopt(EdgePolicyPtr policy) {
  context_.policy = std::move(policy);
  for (const auto& subscription : all()) {
    const bool both = context_.policy->peer(subscription->nearPeer()) != nullptr &&
                      context_.policy->peer(subscription->farPeer()) != nullptr;
    if (!both) subscription->end("relay.peer_removed");
  }
}

// --- judgement -------------------------------------------------------------------------------------------------

void RequestRelay::take(RelayRequest request) {
  if (const auto checked = check(request); !checked) return refuseRelayed(context_, request, checked.error());
  auto route = routes_.decide(request);
  if (!route) return refuseRelayed(context_, request, route.error());
  const auto method = request.message.method();
  if (const auto may = mayUse(route->target.peer->name, method, "relay.method.target"); !may) {
    return refuseRelayed(context_, request, may.error());
  }
  if (method == sip::Method::subscribe) return subscribe(std::move(request), *std::move(route));
  carry(std::move(request), *std::move(route));
}

Status RequestRelay::check(const RelayRequest& request) const {
  const auto& message = request.message;
  switch (message.method()) {
    case sip::Method::message:
    case sip::Method::publish:
    case sip::Method::subscribe: break;
    case sip::Method::notify: return relayDenied("relay.notify.unknown", "of no subscription");
    case sip::Method::refer: return relayDenied("relay.refer.outside", "of no call");
    default: return relayDenied("relay.method.denied", std::string{message.methodName()});
  }
  SP_TRY(mayUse(request.from.peer(), message.method(), "relay.method.denied"));
  if (message.maxForwards() == 0u) return Error{ErrorKind::peerMisbehaved, "relay.max_forwards", ""};
  if (message.method() != sip::Method::message) {
    SP_TRY(allowedEvent(message));
    SP_TRY(askedExpires(message, context_.rules));
  }
  return checkBody(message);
}

// The guard has admitted the method; a policy that names methods of its own narrows that.
Status RequestRelay::mayUse(std::string_view peer, sip::Method method, const char* code) const {
  const auto* policy = policyOf(*context_.policy->config, peer);
  if (policy == nullptr) return relayDenied("call.peer_removed", std::string{peer});
  if (policy->methods.empty() || isOneOf(sip::toString(method), policy->methods)) return success();
  return relayDenied(code, std::string{sip::toString(method)} + ", " + std::string{peer});
}

Status RequestRelay::checkBody(const sip::Message& message) const {
  const auto& rules = context_.rules;
  if (message.body().size() > rules.body_bytes) {
    return relayDenied("relay.body.too_large", std::to_string(message.body().size()));
  }
  if (message.body().empty()) return success();
  const auto type = message.contentType();
  bool known = false;  // a SUBSCRIBE's filter (RFC 4660) is not
  if (message.method() == sip::Method::message) known = isOneOf(type, rules.message_types);
  if (message.method() == sip::Method::publish) {
    known = sip::equalsIgnoringCase(type, knownEvent(allowedEvent(message)->package)->body_type);
  }
  return known ? success() : Status{relayDenied("relay.body.type", std::string{type})};
}

Result<sip::EventHeader> RequestRelay::allowedEvent(const sip::Message& message) const {
  auto event = sip::EventHeader::parse(message.header(sip::HeaderId::event).value_or(""));
  if (!event) return relayDenied("relay.event.denied", event.error().detail);
  const auto& allowed = context_.rules.events;
  const bool listed = std::find(allowed.begin(), allowed.end(), event->package) != allowed.end();
  if (!listed || knownEvent(event->package) == nullptr) return relayDenied("relay.event.denied", event->package);
  return event;
}

// --- stand-alone requests --------------------------------------------------------------------------------------

Status RequestRelay::roomForPending(const identity::Principal& who) const {
  const auto share = shares_.find(who.identity());
  if (share != shares_.end() && share->second.pending >= context_.rules.pending_of_one) {
    return Error{ErrorKind::overloaded, "relay.pending.identity", std::to_string(context_.rules.pending_of_one)};
  }
  if (pending_ >= context_.rules.pending) return Error{ErrorKind::overloaded, "relay.pending.full", ""};
  return success();
}

void RequestRelay::carry(RelayRequest request, RelayRoute route) {
  if (const auto room = roomForPending(request.from); !room) return refuseRelayed(context_, request, room.error());
  const auto& message = request.message;
  Onward onward;
  onward.method = message.methodName();
  onward.call_id = crypto::randomToken(kCallIdCharacters);
  onward.from_tag = relayTag(context_.worker);
  onward.max_forwards = std::min(message.maxForwards().value_or(70), 70U) - 1;
  onward.body = message.body();
  if (!onward.body.empty()) onward.content_type = contentTypeOf(message);
  if (message.method() == sip::Method::publish) {
    onward.headers.emplace_back("Event", allowedEvent(message)->toString());
    onward.headers.emplace_back("Expires", std::to_string(askedExpires(message, context_.rules)->count()));
    addEntityTag(onward.headers, message, kIfMatch);
  }
  onward.route = std::move(route);

  ++shares_[request.from.identity()].pending;
  ++pending_;
  send(std::make_shared<Carried>(Carried{std::move(request), std::move(onward)}));
}

void RequestRelay::send(const std::shared_ptr<Carried>& carried) {
  const auto method = carried->request.message.method();
  const auto& target = carried->onward.route.target;
  Requester::Write write = [carried](const std::string& via) { return carried->onward.write(via); };
  Requester::Done done = [this, carried, still = std::weak_ptr<const bool>{alive_}](const Requester::Answer& answer) {
    if (!still.expired()) onCarried(carried, answer);
  };
  if (target.flow) return context_.requester.request(*target.flow, method, std::move(write), std::move(done));
  context_.requester.request(*target.peer, method, std::move(write), std::move(done));
}

void RequestRelay::onCarried(const std::shared_ptr<Carried>& carried, const Requester::Answer& answer) {
  const auto& request = carried->request;
  if (answer.response) {
    auto& onward = carried->onward;
    const auto& target = onward.route.target;
    const ChallengedRequest asked{target.peer->name, onward.method, target.request_uri};
    if (auto proof = proofFor(context_, asked, *answer.response, carried->attempts)) {
      ++onward.cseq;
      onward.proof = std::move(proof);
      return send(carried);
    }
  }
  --pending_;
  if (const auto share = shares_.find(request.from.identity()); share != shares_.end()) {
    --share->second.pending;
    if (share->second.pending + share->second.subscriptions == 0) shares_.erase(share);
  }
  int status = 0;
  RelayHeaders headers;
  if (!answer.response) {
    status = statusTowardsPeer(answer.response.error());
  } else if (answer.response->isSuccess()) {
    status = answer.response->status();
    if (request.message.method() == sip::Method::publish) {
      addEntityTag(headers, *answer.response, kEntityTag);
      const auto asked = askedExpires(request.message, context_.rules);
      if (const auto granted = grantedExpires(*answer.response); granted && asked) {
        headers.emplace_back("Expires", std::to_string(std::min(*granted, *asked).count()));
      }
    }
  } else {
    status = statusTowardsPeer(answer.response->status());
  }
  context_.log.event(Severity::info, "relay.carried",
                     {{"method", request.message.methodName()},
                      {"identity", request.from.identity()},
                      {"request_uri", request.message.requestUri()},
                      {"status", status},
                      {"reason", answer.response ? "" : answer.response.error().code}});
  answerRelayed(context_, request.id, request.message, status, relayTag(context_.worker), headers);
}

// --- subscriptions ---------------------------------------------------------------------------------------------

Status RequestRelay::roomForSubscription(const identity::Principal& who) const {
  const auto& rules = context_.rules;
  const auto most = who.peer() == kDevices ? rules.subscriptions_of_one : rules.subscriptions_of_peer;
  const auto share = shares_.find(who.identity());
  if (share != shares_.end() && share->second.subscriptions >= most) {
    return Error{ErrorKind::overloaded, "relay.subscriptions.identity", std::to_string(most)};
  }
  if (subscriptions() >= rules.subscriptions) return Error{ErrorKind::overloaded, "relay.subscriptions.full", ""};
  return success();
}

void RequestRelay::subscribe(RelayRequest request, RelayRoute route) {
  if (const auto room = roomForSubscription(request.from); !room) return refuseRelayed(context_, request, room.error());
  Subscription::Plan plan{std::move(route), *allowedEvent(request.message),
                          *askedExpires(request.message, context_.rules)};
  const auto made =
      Subscription::make(context_, request, std::move(plan), [this](Subscription& over) { forget(over); });
  if (!made) return refuseRelayed(context_, request, made.error());
  const auto& subscription = *made;
  by_tag_.emplace(subscription->nearTag(), subscription);
  by_tag_.emplace(subscription->farTag(), subscription);
  ++shares_[subscription->subscriber()].subscriptions;
  subscription->start(std::move(request));
}

void RequestRelay::forget(const Subscription& subscription) {
  const auto share = shares_.find(subscription.subscriber());
  if (share != shares_.end()) {
    --share->second.subscriptions;
    if (share->second.pending + share->second.subscriptions == 0) shares_.erase(share);
  }
  const auto near = subscription.nearTag();  // the last of the two may be what keeps it
  const auto far = subscription.farTag();
  by_tag_.erase(near);
  by_tag_.erase(far);
}

void RequestRelay::takeInDialog(RelayRequest request) {
  const auto found = by_tag_.find(request.message.toTag());
  if (found == by_tag_.end()) {
    return refuseRelayed(context_, request, relayDenied("relay.dialog.unknown", std::string{request.message.toTag()}));
  }
  const auto subscription = found->second;  // it may end, and be forgotten, while it answers
  subscription->onRequest(std::move(request));
}

std::vector<std::shared_ptr<Subscription>> RequestRelay::all() const {
  std::vector<std::shared_ptr<Subscription>> subscriptions;
  for (const auto& [tag, subscription] : by_tag_) {
    if (tag == subscription->nearTag()) subscriptions.push_back(subscription);
  }
  return subscriptions;
}

void RequestRelay::watch() {
  const auto now = context_.clock.steady();
  const auto closed = std::exchange(closed_, {});
  for (const auto& subscription : all()) {
    subscription->watch(now);
    const bool lost =
        std::any_of(closed.begin(), closed.end(), [&](sip::FlowId flow) { return subscription->dependsOn(flow); });
    if (lost) subscription->end("relay.flow_closed");
  }
}

void RequestRelay::endAll() {
  for (const auto& subscription : all()) subscription->end("edge.shutdown");
}

}  // namespace sallyport::call
