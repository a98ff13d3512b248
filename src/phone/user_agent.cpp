// SPDX-License-Identifier: Apache-2.0
#include "phone/user_agent.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::phone {
namespace {

constexpr std::string_view kAllowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE";
constexpr std::size_t kMostTransactions = 1'024;

}  // namespace

UserAgent::UserAgent(Shell& shell, sip::TimerConfig timers, Limits limits)
    : shell_(shell), timers_(timers), limits_(limits) {
  sip::TransactionLayer::Limits bounds;
  bounds.max_server_transactions = kMostTransactions;
  bounds.max_client_transactions = kMostTransactions;
  bounds.hash_key = {crypto::randomNumber(), crypto::randomNumber()};
  sip::TransactionLayer::Sink& sink = *this;
  transactions_ = std::make_unique<sip::TransactionLayer>(sink, timers, bounds);
}

UserAgent::~UserAgent() = default;

void UserAgent::receive(sip::FlowId flow, sip::Message message, TimePoint now) {
  now_ = now;
  transactions_->receive(flow, sip::Reliability::reliable, std::move(message), now);
}

void UserAgent::flowClosed(sip::FlowId flow, TimePoint now) {
  now_ = now;
  transactions_->flowClosed(flow, now);
  for (std::size_t i = 0; i < calls_.size(); ++i) calls_[i]->onFlowClosed(flow);
  if (registration_) registration_->flowClosed(flow);
}

void UserAgent::advance(TimePoint now) {
  now_ = now;
  transactions_->advance(now);
  for (std::size_t i = 0; i < calls_.size(); ++i) calls_[i]->advance();
  if (registration_) registration_->advance();
}

std::optional<TimePoint> UserAgent::nextDeadline() const {
  auto soonest = transactions_->nextDeadline();
  const auto consider = [&soonest](std::optional<TimePoint> deadline) {
    if (deadline && (!soonest || *deadline < *soonest)) soonest = deadline;
  };
  for (const auto& call : calls_) consider(call->deadline());
  if (registration_) consider(registration_->deadline());
  return soonest;
}

Registration& UserAgent::createRegistration(RegistrationEvents& events, std::chrono::seconds expires) {
  registration_ = std::make_unique<Registration>(*this, events, expires);
  return *registration_;
}

Call& UserAgent::createCall(LocalParty local, sip::FlowId flow, TimePoint now) {
  now_ = now;
  calls_.push_back(std::make_unique<Call>(*this, shell_, std::move(local), flow));
  return *calls_.back();
}

void UserAgent::forgetEnded() {
  std::erase_if(clients_, [](const auto& entry) { return entry.second->isEnded(); });
  std::erase_if(servers_, [](const auto& entry) { return entry.second->isEnded(); });
  std::erase_if(calls_, [](const auto& call) { return call->isEnded(); });
}

Call* UserAgent::byTag(std::string_view local_tag) {
  const auto found =
      std::find_if(calls_.begin(), calls_.end(), [&](const auto& call) { return call->localTag() == local_tag; });
  return found == calls_.end() ? nullptr : found->get();
}

// --- from the transaction layer -------------------------------------------------------------------------------

void UserAgent::onRequest(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) {
  if (!request.toTag().empty()) {
    Call* call = byTag(request.toTag());
    if (call == nullptr) return refuse(id, request, 481);
    return call->onRequest(id, flow, std::move(request));
  }
  if (const auto scheme = sip::Uri::parse(request.requestUri()); !scheme || (!scheme->isSip() && !scheme->isSips())) {
    return refuse(id, request, 416);
  }
  switch (request.method()) {
    case sip::Method::invite: return onInvite(id, flow, std::move(request));
    case sip::Method::options: return refuse(id, request, 200);
    case sip::Method::bye:
    case sip::Method::update: return refuse(id, request, 481);
    default: return refuse(id, request, 405);
  }
}

void UserAgent::onInvite(sip::ServerTransactionId id, sip::FlowId flow, sip::Message request) {
  for (const auto option : request.list(sip::HeaderId::require)) {
    if (!sip::equalsIgnoringCase(option, "timer")) return refuse(id, request, 420);
  }
  if (calls_.size() >= limits_.max_calls) return refuse(id, request, 486);
  Call& call = createCall(shell_.localPartyOn(flow), flow, now_);
  if (const auto taken = call.take(id, std::move(request)); !taken) return call.reject(400);
  shell_.onIncoming(call, flow);
}

void UserAgent::refuse(sip::ServerTransactionId id, const sip::Message& request, int status) {
  auto writer = sip::responseTo(request, status, {}, crypto::randomToken(16));
  if (status == 405 || status == 200) writer.header(sip::HeaderId::allow, kAllowed);
  if (status == 200) writer.header(sip::HeaderId::accept, "application/sdp").header(sip::HeaderId::supported, "timer");
  if (status == 420) {
    for (const auto option : request.list(sip::HeaderId::require)) {
      if (!sip::equalsIgnoringCase(option, "timer")) writer.header(sip::HeaderId::unsupported, option);
    }
  }
  // A transaction that is gone has nobody waiting for the answer.
  (void)transactions_->respond(id, status, writer.finish(), now_);
}

void UserAgent::onAck(sip::FlowId flow, sip::Message ack) {
  if (Call* call = byTag(ack.toTag())) call->onAck(flow, ack);
}

void UserAgent::onCancel(sip::ServerTransactionId invite, const sip::Message&) {
  if (const auto found = servers_.find(invite); found != servers_.end()) found->second->onCancel();
}

void UserAgent::onResponse(sip::ClientTransactionId id, sip::FlowId, sip::Message response) {
  if (const auto found = clients_.find(id); found != clients_.end()) found->second->onResponse(id, response);
}

void UserAgent::onClientFailure(sip::ClientTransactionId id, const Error& error) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  auto* owner = found->second;
  clients_.erase(found);
  owner->onClientFailure(id, error);
}

void UserAgent::onServerFailure(sip::ServerTransactionId id, const Error& error) {
  const auto found = servers_.find(id);
  if (found == servers_.end()) return;
  Call* call = found->second;
  servers_.erase(found);
  call->onServerFailure(error);
}

}  // namespace sallyport::phone
