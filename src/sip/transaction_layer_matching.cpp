// SPDX-License-Identifier: Apache-2.0
// RFC 3261 17.1.3 and 17.2.3: which transaction a message belongs to.
#include <utility>

#include "sip/transaction_layer_impl.h"
#include "sip/transaction_layer_key.h"
#include "sip/transaction_layer_replies.h"

namespace sallyport::sip {
namespace {

// RFC 3261 8.1.3.3: a response with a second Via was meant for somebody behind us.
bool hasSecondVia(const Message& response) {
  bool seen = false;
  for (const HeaderField& field : response.headers()) {
    if (field.id != HeaderId::via) continue;
    if (seen) return true;
    seen = true;
    // A comma may be quoted: only then is it worth taking the list apart.
    if (field.value.find(',') != std::string_view::npos && response.list(HeaderId::via).size() > 1) return true;
  }
  return false;
}

bool isResent(const Actions& actions) { return actions.empty() || std::holds_alternative<Resend>(*actions.begin()); }

}  // namespace

void TransactionLayer::Impl::writeKey(const Message& request) {
  writeServerKey(request, key_);
  hash_ = keyedHash(key_, limits_.hash_key);
}

template <typename Predicate>
ServerRecord* TransactionLayer::Impl::findServer(FlowId came_on, Predicate&& suits) {
  bool foreign = false;
  ServerRecord* found = servers_.find(key_, hash_, [&](const ServerRecord& record) {
    if (!suits(record)) return false;
    if (record.flow == came_on || sink_.samePeer(record.flow, came_on)) return true;
    foreign = true;
    return false;
  });
  if (found == nullptr && foreign) ++counters_.foreign_flows;
  return found;
}

ServerRecord* TransactionLayer::Impl::findRetransmitted(FlowId came_on, const Message& request) {
  return findServer(came_on, [&](const ServerRecord& record) {
    return record.method == request.method() &&
           (record.legacy == nullptr || record.legacy->of_request == request.toTag());
  });
}

ServerRecord* TransactionLayer::Impl::findAcknowledged(FlowId came_on, const Message& ack) {
  // By the old rules an ACK answers the To tag of our response (RFC 3261 17.2.3).
  return findServer(came_on, [&](const ServerRecord& record) {
    return record.method == Method::invite && (record.legacy == nullptr || record.legacy->of_response == ack.toTag());
  });
}

ServerRecord* TransactionLayer::Impl::findCancelled(FlowId came_on, const Message& cancel) {
  // RFC 3261 9.2: matched as if its method were any but CANCEL or ACK.
  return findServer(came_on, [&](const ServerRecord& record) {
    return record.method != Method::cancel && (record.legacy == nullptr || record.legacy->of_request == cancel.toTag());
  });
}

ClientRecord* TransactionLayer::Impl::findClient(std::string_view branch, Method method) {
  return clients_.find(branch, keyedHash(branch, limits_.hash_key),
                       [&](const ClientRecord& record) { return record.method == method; });
}

// --- Requests ---------------------------------------------------------------------------------------------------

void TransactionLayer::Impl::onRequest(FlowId flow, Reliability reliability, Message request) {
  writeKey(request);
  if (request.method() == Method::ack) return onAck(flow, std::move(request));
  if (ServerRecord* known = findRetransmitted(flow, request)) return onRetransmit(*known, flow);
  if (request.method() == Method::cancel) return onCancel(flow, reliability, request);

  if (servers_.full()) {
    ++counters_.overflow;
    return sink_.transmit(flow, overloadedAnswer(request, freshTag()));
  }
  const ServerTransactionId id{createServer(flow, reliability, request).id()};
  sink_.onRequest(id, flow, std::move(request));
}

void TransactionLayer::Impl::onRetransmit(ServerRecord& record, FlowId flow) {
  ++counters_.retransmissions_absorbed;
  servers_.moveToFlow(record, flow);  // the peer's newest connection is where answers go (RFC 3261 18.2.2)
  auto* invite = std::get_if<InviteServerTransaction>(&record.machine);
  apply(record, invite != nullptr ? invite->onRetransmit()
                                  : std::get<NonInviteServerTransaction>(record.machine).onRetransmit());
}

void TransactionLayer::Impl::onAck(FlowId flow, Message ack) {
  ServerRecord* record = findAcknowledged(flow, ack);
  // An ACK for a 2xx is a transaction of its own and matches none (RFC 3261 13.2.2.4).
  if (record == nullptr) return sink_.onAck(flow, std::move(ack));

  auto& machine = std::get<InviteServerTransaction>(record->machine);
  const auto before = machine.state();
  const Actions actions = machine.onAck();
  if (before == InviteServerTransaction::State::proceeding) ++counters_.stray_acks;
  if (before == InviteServerTransaction::State::confirmed) ++counters_.retransmissions_absorbed;
  apply(*record, actions, {.message = &ack, .came_on = flow});
}

void TransactionLayer::Impl::onCancel(FlowId flow, Reliability reliability, const Message& cancel) {
  ServerRecord* target = findCancelled(flow, cancel);
  if (target == nullptr) {
    ++counters_.stray_cancels;
    return answerCancel(flow, reliability, cancel, 481, freshTag());
  }

  const ServerTransactionId id{target->id()};
  if (const auto refused = sink_.refuseCancel(flow, cancel)) {
    if (*refused != 0) answerCancel(flow, reliability, cancel, *refused, freshTag());
    return;
  }
  target = alive(id);
  if (target == nullptr) return;
  // RFC 3261 9.2: the tag of the answer to the CANCEL is that of the answers to the INVITE.
  std::string tag = toTagOf(target->kept);
  answerCancel(flow, reliability, cancel, 200, tag.empty() ? freshTag() : tag);

  target = alive(id);  // it may have ended while we were sending
  if (target == nullptr || target->cancelled) return;
  const auto* invite = std::get_if<InviteServerTransaction>(&target->machine);
  // Once there is a final response, or for other methods, a CANCEL has no effect.
  if (invite == nullptr || invite->state() != InviteServerTransaction::State::proceeding) return;
  target->cancelled = true;
  sink_.onCancel(id, cancel);
}

void TransactionLayer::Impl::answerCancel(FlowId flow, Reliability reliability, const Message& cancel, int status,
                                          std::string_view to_tag) {
  std::string bytes = answerToCancel(cancel, status, to_tag);
  // On a reliable transport timer J is zero. At the limit a CANCEL is served all the same: it frees room.
  if (reliability == Reliability::reliable || servers_.full()) return sink_.transmit(flow, bytes);
  ServerRecord& record = createServer(flow, reliability, cancel);
  const auto actions = std::get<NonInviteServerTransaction>(record.machine).respond(status);
  SP_CHECK(actions.ok());
  apply(record, *actions, {.bytes = &bytes});
}

std::string TransactionLayer::Impl::freshTag() const {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string tag(16, '0');
  std::uint64_t bits = keyedHash(key_, {~limits_.hash_key[0], limits_.hash_key[1]});
  for (char& digit : tag) {
    digit = kDigits[bits & 0xf];
    bits >>= 4;
  }
  return tag;
}

// --- Responses --------------------------------------------------------------------------------------------------

void TransactionLayer::Impl::onResponse(FlowId flow, Message response) {
  ClientRecord* record = nullptr;
  if (!hasSecondVia(response)) record = findClient(response.topmostVia().branch(), response.method());
  if (record == nullptr) {
    ++counters_.stray_responses;
    return;
  }
  if (record->flow != flow && !sink_.samePeer(record->flow, flow)) {
    ++counters_.foreign_flows;
    return;
  }
  auto* invite = std::get_if<InviteClientTransaction>(&record->machine);
  const Actions actions = invite != nullptr
                              ? invite->onResponse(response.status())
                              : std::get<NonInviteClientTransaction>(record->machine).onResponse(response.status());
  if (isResent(actions)) ++counters_.retransmissions_absorbed;
  apply(*record, actions, {.message = &response, .came_on = flow});
}

}  // namespace sallyport::sip
