// SPDX-License-Identifier: Apache-2.0
#include "media/ice/reflexive_query.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/stun/message_writer.h"

namespace sallyport::media::ice {
namespace {

constexpr LocalIndex kOnlySocket = 0;
constexpr std::size_t kAlone = 1;  // no other request shares the pace

std::vector<std::uint8_t> writeRequest(const stun::TransactionId& transaction) {
  std::array<std::uint8_t, 64> buffer;
  stun::MessageWriter writer{buffer, stun::Class::request, stun::kBinding, transaction};
  writer.fingerprint();
  return {writer.written().begin(), writer.written().end()};
}

// The address it tells; nothing in an error, and in a success that cannot be understood (RFC 8489 6.3.3).
std::optional<Endpoint> toldBy(const stun::Message& answer) {
  const bool success = answer.messageClass() == stun::Class::success && answer.notUnderstood().empty();
  return success ? answer.xorMappedAddress() : std::nullopt;
}

}  // namespace

ReflexiveQuery::ReflexiveQuery(Settings settings, TimePoint now)
    : settings_(std::move(settings)), requests_(CheckTiming{.transmissions = kTransmissions, .last_wait = kLastWait}) {
  ask(now);
}

void ReflexiveQuery::ask(TimePoint now) {
  OwnCheck request;
  request.transaction = stun::newTransactionId();
  request.request = {kOnlySocket, settings_.server, writeRequest(request.transaction)};
  outbox_.push_back(request.request);
  requests_.start(std::move(request), kAlone, now);
}

bool ReflexiveQuery::onStun(const Endpoint& source, Bytes datagram, TimePoint now) {
  if (source != settings_.server) return false;
  const auto answer = stun::Message::parse(datagram);
  if (!answer || answer->method() != stun::kBinding) return false;
  const bool answers = answer->messageClass() == stun::Class::success || answer->messageClass() == stun::Class::error;
  if (!answers || requests_.find(answer->transaction()) == nullptr) return false;
  requests_.remove(answer->transaction());
  if (!std::exchange(asking_, false)) return true;
  const auto mapped = toldBy(*answer);
  if (!mapped || !isUsable(*mapped)) return true;
  found_ = mapped;
  again_ = now + kKeepAlive;
  return true;
}

bool ReflexiveQuery::isUsable(const Endpoint& mapped) const {
  return mapped != settings_.base && mapped.address.family() == settings_.base.address.family() &&
         settings_.addresses.permits(mapped);
}

void ReflexiveQuery::advance(TimePoint now) {
  if (!requests_.advance(now, outbox_).empty()) asking_ = false;
  if (!again_ || now < *again_) return;
  ask(now);
  again_ = now + kKeepAlive;
}

std::optional<TimePoint> ReflexiveQuery::deadline() const {
  const auto due = requests_.deadline();
  if (!due || !again_) return due ? due : again_;
  return std::min(*due, *again_);
}

}  // namespace sallyport::media::ice
