// SPDX-License-Identifier: Apache-2.0
#include "call/subscription.h"

#include <algorithm>

#include "call/relay_answer.h"
#include "call/relay_expires.h"
#include "call/status_map.h"
#include "crypto/random.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr std::size_t kCallIdCharacters = 24;
constexpr std::size_t kMostNotifies = 4;           // on their way at once
constexpr auto kGrace = std::chrono::seconds{32};  // 64*T1: what is in flight at the end of the time still counts

// "alice@example.org" of "sip:alice@example.org": how a device is known.
std::string_view addressOf(std::string_view uri) {
  const auto colon = uri.find(':');
  return colon == std::string_view::npos ? uri : uri.substr(colon + 1);
}

}  // namespace

Subscription::Subscription(RelayContext& context, const RelayRequest& subscribe, Plan plan, Over over)
    : context_(context),
      subscriber_(subscribe.from),
      near_flow_(subscribe.flow),
      plan_(std::move(plan)),
      over_(std::move(over)),
      near_tag_(relayTag(context.worker)),
      far_tag_(relayTag(context.worker)),
      far_call_id_(crypto::randomToken(kCallIdCharacters)) {}

// --- SUBSCRIBE -------------------------------------------------------------------------------------------------

Result<std::shared_ptr<Subscription>> Subscription::make(RelayContext& context, const RelayRequest& subscribe,
                                                         Plan plan, Over over) {
  std::shared_ptr<Subscription> made{new Subscription{context, subscribe, std::move(plan), std::move(over)}};
  SP_ASSIGN(made->near_, sip::Dialog::fromRequest(subscribe.message, made->near_tag_));
  return made;
}

void Subscription::start(RelayRequest subscribe) {
  accept_ = subscribe.message.header(sip::HeaderId::accept).value_or("");
  pending_.emplace(PendingSubscribe{std::move(subscribe), plan_.expires, true});
  sendFirst();
}

void Subscription::sendFirst() {
  const auto self = shared_from_this();
  send(
      Side::far, sip::Method::subscribe, [self](const std::string& via) { return self->writeFirst(via); },
      [](Subscription& heard, Requester::Answer answer) { heard.onSubscribeAnswer(std::move(answer)); });
}

void Subscription::sendRefresh(std::chrono::seconds expires) {
  const auto self = shared_from_this();
  send(
      Side::far, sip::Method::subscribe,
      [self, expires](const std::string& via) { return self->writeSubscribe(via, expires); },
      [](Subscription& heard, Requester::Answer answer) { heard.onSubscribeAnswer(std::move(answer)); });
}

std::string Subscription::writeFirst(const std::string& via) {
  const auto& target = plan_.route.target;
  sip::MessageWriter writer;
  writer.request("SUBSCRIBE", target.request_uri).header(sip::HeaderId::via, via);
  for (const auto& hop : target.route) writer.header(sip::HeaderId::route, "<" + hop + ">");
  writer.header(sip::HeaderId::maxForwards, std::uint64_t{70})
      .header(sip::HeaderId::from, "<" + target.from_uri + ">;tag=" + far_tag_)
      .header(sip::HeaderId::to, "<" + target.to_uri + ">")
      .header(sip::HeaderId::callId, far_call_id_)
      .header(sip::HeaderId::cseq, std::to_string(first_cseq_) + " SUBSCRIBE")
      .header(sip::HeaderId::contact, relayContact(via, far_tag_))
      .header(sip::HeaderId::event, plan_.event.toString())
      .header(sip::HeaderId::expires, static_cast<std::uint64_t>(plan_.expires.count()));
  if (!accept_.empty()) writer.header(sip::HeaderId::accept, accept_);
  if (const auto proof = std::exchange(proof_, std::nullopt)) writer.header(proof->header, proof->value);
  if (!target.asserted_identity.empty()) {
    writer.header(sip::HeaderId::pAssertedIdentity, "<" + target.asserted_identity + ">");
  }
  for (const auto& [name, value] : plan_.route.headers) writer.header(name, value);
  return writer.finish();
}

std::string Subscription::writeSubscribe(const std::string& via, std::chrono::seconds expires) {
  sip::MessageWriter writer;
  far_->startRequest(writer, "SUBSCRIBE", via);
  writer.header(sip::HeaderId::contact, relayContact(via, far_tag_))
      .header(sip::HeaderId::event, plan_.event.toString())
      .header(sip::HeaderId::expires, static_cast<std::uint64_t>(expires.count()));
  if (!proof_ && challenged_) proof_ = context_.challenges->authorize({farPeer(), "SUBSCRIBE", far_->requestUri()});
  if (const auto proof = std::exchange(proof_, std::nullopt)) writer.header(proof->header, proof->value);
  return writer.finish();
}

void Subscription::onSubscribe(RelayRequest request) {
  if (const auto refusal = near_->onRequest(request.message, 0))
    return refuseRelayed(context_, request, refusal->error);
  const auto event = sip::EventHeader::parse(request.message.header(sip::HeaderId::event).value_or(""));
  if (!event || *event != plan_.event) {
    return refuseRelayed(context_, request, relayDenied("relay.event.denied", "not what was subscribed to"));
  }
  const auto expires = askedExpires(request.message, context_.rules);
  if (!expires) return refuseRelayed(context_, request, expires.error());
  if (pending_ || !far_) {
    return refuseRelayed(context_, request, Error{ErrorKind::overloaded, "relay.overlap", "one is on its way"});
  }
  near_flow_ = request.flow;
  pending_.emplace(PendingSubscribe{std::move(request), *expires, false});
  sendRefresh(*expires);
}

void Subscription::onSubscribeAnswer(Requester::Answer answer) {
  if (finished_ || !pending_) return;
  if (answer.response && repeat(*answer.response)) return;
  auto pending = *std::move(pending_);
  pending_.reset();
  if (!answer.response) {
    const auto& error = answer.response.error();
    return onNotSubscribed(error, statusTowardsPeer(error), std::move(pending), nullptr);
  }
  const auto& response = *answer.response;
  if (response.isSuccess()) return onSubscribed(response, std::move(pending));
  onNotSubscribed(Error{ErrorKind::unavailable, "relay.rejected", std::to_string(response.status())},
                  statusTowardsPeer(response.status()), std::move(pending), &response);
}

// With our proof, where that is what the notifier asks for.
bool Subscription::repeat(const sip::Message& response) {
  const auto uri = far_ ? far_->requestUri() : plan_.route.target.request_uri;
  auto proof = proofFor(context_, {farPeer(), "SUBSCRIBE", uri}, response, pending_->attempts);
  if (!proof) return false;
  challenged_ = true;
  proof_ = std::move(proof);
  if (far_) {
    sendRefresh(pending_->expires);
  } else {
    ++first_cseq_;
    sendFirst();
  }
  return true;
}

void Subscription::onSubscribed(const sip::Message& response, PendingSubscribe pending) {
  if (far_) {
    (void)far_->onResponse(response);  // of another fork, or with a broken Contact: the dialog stays as it is
  } else {
    auto far = sip::Dialog::fromResponse(response, plan_.route.target.request_uri);
    if (!far) return onNotSubscribed(far.error(), 502, std::move(pending), nullptr);
    far_ = *std::move(far);
  }
  const auto granted = std::min(grantedExpires(response).value_or(pending.expires), pending.expires);
  deadline_ = context_.clock.steady() + granted + kGrace;
  near_->onAnswered(sip::Method::subscribe, 200);
  answerRelayed(
      context_, pending.request.id, pending.request.message, 200, near_tag_,
      {{"Contact", relayContact(context_, pending.request, near_tag_)}, {"Expires", std::to_string(granted.count())}});
}

void Subscription::onNotSubscribed(const Error& error, int status, PendingSubscribe pending,
                                   const sip::Message* response) {
  near_->onAnswered(sip::Method::subscribe, status);
  RelayHeaders headers;
  if (response != nullptr) {
    if (const auto least = grantedExpires(*response, sip::HeaderId::minExpires); least && status == 423) {
      headers.emplace_back("Min-Expires", std::to_string(least->count()));
    }
    if (status == 489) headers.emplace_back("Allow-Events", plan_.event.package);
  }
  // RFC 6665 4.1.2.2, RFC 5057: some answers to a refresh end the subscription, others leave it as it was.
  const bool gone = response != nullptr && (sip::endsDialog(response->status()) || response->status() == 489);
  answerRelayed(context_, pending.request.id, pending.request.message, gone && !pending.first ? 481 : status, near_tag_,
                headers);
  if (pending.first || gone) finish(error.code);
}

// --- NOTIFY ----------------------------------------------------------------------------------------------------

Status Subscription::checkNotify(const sip::Message& notify) const {
  const auto event = sip::EventHeader::parse(notify.header(sip::HeaderId::event).value_or(""));
  if (!event || *event != plan_.event) return relayDenied("relay.notify.event", "not what was subscribed to");
  if (notify.body().size() > context_.rules.body_bytes) {
    return relayDenied("relay.body.too_large", std::to_string(notify.body().size()));
  }
  const auto* known = knownEvent(plan_.event.package);
  if (!notify.body().empty() &&
      (known == nullptr || !sip::equalsIgnoringCase(notify.contentType(), known->body_type))) {
    return relayDenied("relay.body.type", std::string{notify.contentType()});
  }
  return success();
}

void Subscription::onNotify(RelayRequest request) {
  const auto& notify = request.message;
  const auto state = sip::SubscriptionState::parse(notify.header(sip::HeaderId::subscriptionState).value_or(""));
  if (!state) return refuseRelayed(context_, request, relayDenied("relay.notify.state", state.error().detail));
  if (const auto checked = checkNotify(notify); !checked) {
    return refuseRelayed(context_, request, checked.error());
  }
  if (notifies_.size() >= kMostNotifies) {
    return refuseRelayed(context_, request, Error{ErrorKind::overloaded, "relay.overlap", "too many on their way"});
  }
  if (far_) {
    if (const auto refusal = far_->onRequest(notify, 0)) return refuseRelayed(context_, request, refusal->error);
    far_->onAnswered(sip::Method::notify, 200);  // its Contact is where the notifier is, whatever the subscriber says
  } else {
    auto far = sip::Dialog::fromNotify(notify, first_cseq_);
    if (!far) return refuseRelayed(context_, request, far.error());
    far_ = *std::move(far);
  }
  if (state->expires)
    deadline_ = context_.clock.steady() + std::min(*state->expires, context_.rules.max_expires) + kGrace;
  const auto id = request.id;
  const bool last = state->value == sip::SubscriptionState::Value::terminated;
  std::string body{notify.body()};
  notifies_.push_back(std::move(request));
  const auto self = shared_from_this();
  send(
      Side::near, sip::Method::notify,
      [self, state = *state, body = std::move(body)](const std::string& via) {
        return self->writeNotify(via, state, body);
      },
      [id, last](Subscription& heard, const Requester::Answer& answer) { heard.onNotifyAnswer(id, last, answer); });
}

std::string Subscription::writeNotify(const std::string& via, const sip::SubscriptionState& state,
                                      const std::string& body) {
  sip::MessageWriter writer{768 + body.size()};
  near_->startRequest(writer, "NOTIFY", via);
  writer.header(sip::HeaderId::contact, relayContact(via, near_tag_))
      .header(sip::HeaderId::event, plan_.event.toString())
      .header(sip::HeaderId::subscriptionState, state.toString());
  const auto* known = knownEvent(plan_.event.package);
  return body.empty() || known == nullptr ? writer.finish() : writer.finish(known->body_type, body);
}

void Subscription::onNotifyAnswer(sip::ServerTransactionId id, bool last, const Requester::Answer& answer) {
  const auto found =
      std::find_if(notifies_.begin(), notifies_.end(), [id](const RelayRequest& waiting) { return waiting.id == id; });
  if (finished_ || found == notifies_.end()) return;
  const auto notify = std::move(*found);
  notifies_.erase(found);
  // RFC 6665 4.2.2: a subscriber that does not answer, or does not know of it, has no subscription any more.
  const int status = answer.response ? answer.response->status() : 408;
  const bool taken = status >= 200 && status < 300;
  const bool gone = !taken && (sip::endsDialog(status) || status == 489 || status == 501 || status == 405);
  answerRelayed(context_, notify.id, notify.message, taken ? 200 : gone ? 481 : 500, far_tag_);
  if (last || gone) finish(last ? "relay.subscription.terminated" : "relay.subscriber.gone");
}

// --- either side -----------------------------------------------------------------------------------------------

// A dialog belongs to the principal it began with, whoever else may have learnt its tags.
bool Subscription::comesFrom(const identity::Principal& who, Side side) const {
  if (side == Side::near) return who.identity() == subscriber_.identity();
  if (who.peer() != farPeer()) return false;
  return who.peer() != kDevices || who.identity() == addressOf(plan_.route.target.to_uri);
}

void Subscription::onRequest(RelayRequest request) {
  const auto side = request.message.toTag() == near_tag_ ? Side::near : Side::far;
  const auto& expected_call = side == Side::near ? near_->callId() : far_call_id_;
  if (finished_ || !comesFrom(request.from, side) || request.message.callId() != expected_call) {
    return refuseRelayed(context_, request, relayDenied("relay.dialog.foreign", std::string{request.message.toTag()}));
  }
  const auto method = request.message.method();
  if (side == Side::near && method == sip::Method::subscribe) return onSubscribe(std::move(request));
  if (side == Side::far && method == sip::Method::notify) return onNotify(std::move(request));
  refuseRelayed(context_, request, relayDenied("relay.method.dialog", std::string{request.message.methodName()}));
}

// While a request waits for its connection the subscription lives; an answer that outlives it reaches nobody.
void Subscription::send(Side side, sip::Method method, Requester::Write write, Heard heard) {
  const auto& target = plan_.route.target;
  auto done = [still = weak_from_this(), heard = std::move(heard)](Requester::Answer answer) {
    if (const auto self = still.lock()) heard(*self, std::move(answer));
  };
  if (side == Side::far) {
    if (target.flow) return context_.requester.request(*target.flow, method, std::move(write), std::move(done));
    return context_.requester.request(*target.peer, method, std::move(write), std::move(done));
  }
  const auto* peer = nearPeer() == kDevices ? nullptr : plan_.route.policy->peer(nearPeer());
  if (peer == nullptr) return context_.requester.request(near_flow_, method, std::move(write), std::move(done));
  context_.requester.request(*peer, method, std::move(write), std::move(done));
}

bool Subscription::dependsOn(sip::FlowId flow) const {
  return (nearPeer() == kDevices && flow == near_flow_) || plan_.route.target.flow == flow;
}

void Subscription::watch(TimePoint now) {
  if (!finished_ && deadline_ && now >= *deadline_) end("relay.subscription.expired");
}

void Subscription::end(const char* code) {
  if (finished_) return;
  const auto self = shared_from_this();
  const auto nobody = [](Subscription&, const Requester::Answer&) {};
  if (near_->state() == sip::Dialog::State::confirmed) {
    sip::SubscriptionState last;
    last.value = sip::SubscriptionState::Value::terminated;
    last.reason = std::string_view{code} == "relay.subscription.expired" ? "timeout" : "noresource";
    send(
        Side::near, sip::Method::notify,
        [self, last](const std::string& via) { return self->writeNotify(via, last, {}); }, nobody);
  }
  if (far_) {
    send(
        Side::far, sip::Method::subscribe,
        [self](const std::string& via) { return self->writeSubscribe(via, std::chrono::seconds{0}); }, nobody);
  }
  finish(code);
}

void Subscription::finish(const char* code) {
  if (std::exchange(finished_, true)) return;
  if (pending_) answerRelayed(context_, pending_->request.id, pending_->request.message, 480, near_tag_);
  for (const auto& notify : notifies_) answerRelayed(context_, notify.id, notify.message, 481, far_tag_);
  pending_.reset();
  notifies_.clear();
  deadline_.reset();
  context_.log.event(
      Severity::info, "relay.subscription.ended",
      {{"reason", code}, {"event", plan_.event.package}, {"subscriber", subscriber()}, {"notifier", farPeer()}});
  over_(*this);
}

}  // namespace sallyport::call
