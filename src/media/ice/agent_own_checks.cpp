// SPDX-License-Identifier: Apache-2.0
// IceAgent: its own checks and their answers (RFC 8445 7.2), nomination (8) and consent (RFC 7675 5.1).
#include <algorithm>

#include "crypto/random.h"
#include "media/ice/agent.h"

namespace sallyport::media::ice {
namespace {

constexpr int kRoleConflict = 487;

}  // namespace

void IceAgent::sendCheck(CheckPair& pair, TimePoint now) {
  OwnCheck check;
  check.transaction = stun::newTransactionId();
  check.pair = pair.id;
  check.session = session_;
  check.contents = {reflexivePriority(pair.local_priority), role_, tie_breaker_,
                    pair.nominating ? Nomination::yes : Nomination::no};
  check.request = {pair.local, pair.remote, writeCheck(*session_, check.transaction, check.contents)};
  if (pair.state != PairState::succeeded) pair.state = PairState::inProgress;
  outbox_.push_back(check.request);
  checks_.start(std::move(check), list_.active(), now);
}

// ------------------------------------------------------------------------------------------- answers

// An answer is believed only from where the request went, at the socket it went from, and with the peer's password. RFC
// 8445 7.2.5.2.1 has the pair fail for one from elsewhere; here it is as if it had not come, because somebody on the
// path can copy it.
StunOutcome IceAgent::onResponse(LocalIndex local, const Endpoint& source, const stun::Message& message,
                                 TimePoint now) {
  if (message.method() != stun::kBinding || !message.hasFingerprint()) return StunOutcome::notACheck;
  if (onConsent(local, source, message, now)) return StunOutcome::taken;
  const auto* pending = checks_.find(message.transaction());
  if (pending == nullptr || pending->request.from != local || pending->request.to != source)
    return StunOutcome::unexpectedResponse;
  if (!stun::authenticate(message, pending->session->key)) return StunOutcome::wrongIntegrity;
  const bool succeeded = message.messageClass() == stun::Class::success;
  if (succeeded ? !message.xorMappedAddress() : !message.errorCode()) return StunOutcome::unexpectedResponse;
  const auto check = *pending;
  checks_.remove(check.transaction);
  if (succeeded) {
    onSuccess(check, now);
  } else {
    onFailure(check, message.errorCode()->code);
  }
  nominateWhatIsBest(now);
  return StunOutcome::taken;
}

void IceAgent::onSuccess(const OwnCheck& check, TimePoint now) {
  auto* pair = list_.find(check.pair);
  if (pair == nullptr) return;
  pair->state = PairState::succeeded;
  pair->proven = now;
  auto& first = first_valid_[pair->component - 1];
  if (!first) first = now;
  const auto nominated_by_us = check.contents.nomination == Nomination::yes && role_ == Role::controlling;
  const auto nominated_by_peer = pair->wanted_by_peer && role_ == Role::controlled;
  list_.thaw(pair->foundation);
  if (nominated_by_us || nominated_by_peer) select(*pair, now);
}

// `code` 0: nobody answered.
void IceAgent::onFailure(const OwnCheck& check, int code) {
  auto* pair = list_.find(check.pair);
  if (pair == nullptr) return;
  const bool conflict = code == kRoleConflict && remote_mode_ == RemoteMode::full;
  if (conflict) return onRoleConflict(check, *pair);
  if (pair->state == PairState::succeeded && !pair->nominating) return;  // an older check of it
  pair->state = PairState::failed;
  pair->nominating = false;
}

// RFC 8445 7.2.5.1: the other role from now on, unless it has been taken since, and the same check again.
void IceAgent::onRoleConflict(const OwnCheck& check, CheckPair& pair) {
  const auto id = pair.id;
  if (role_ == check.contents.role) {
    role_ = other(role_);
    tie_breaker_ = crypto::randomNumber();
    for (auto& each : list_.pairs()) each.nominating = false;
    list_.rank(role_);
  }
  auto* again = list_.find(id);
  if (again->state == PairState::inProgress) again->state = PairState::waiting;
  list_.trigger(*again);
}

// ---------------------------------------------------------------------------------------- nomination

// Regular nomination (RFC 8445 8.1.1): the best pair that works, once no better one can follow or enough was waited.
void IceAgent::nominateWhatIsBest(TimePoint now) {
  for (Component component = kRtp; component <= components_; ++component) {
    if (!awaitsNomination(component)) continue;
    auto* pair = bestToNominate(component, now);
    if (pair == nullptr) continue;
    pair->nominating = true;
    list_.trigger(*pair);
  }
}

bool IceAgent::awaitsNomination(Component component) const {
  return role_ == Role::controlling && component <= components_ && !isSelected(component) && hasValid(component) &&
         std::none_of(list_.pairs().begin(), list_.pairs().end(),
                      [component](const CheckPair& pair) { return pair.component == component && pair.nominating; });
}

CheckPair* IceAgent::bestToNominate(Component component, TimePoint now) {
  const bool waited = now - *first_valid_[component - 1] >= timing_.nominate_after;
  for (auto& pair : list_.pairs()) {  // the best first
    if (pair.component != component) continue;
    if (pair.state == PairState::succeeded) return &pair;
    if (pair.isOpen() && !waited) return nullptr;
  }
  return nullptr;
}

// RFC 8445 8.1.2. The former session ends when no component needs it any more.
void IceAgent::select(CheckPair& pair, TimePoint now) {
  const auto component = pair.component;
  pair.nominating = false;
  pair.wanted_by_peer = false;
  auto& selected = selected_[component - 1];
  const bool same =
      selected && selected->session == session_ && selected->local == pair.local && selected->remote == pair.remote;
  if (!same) selected.emplace(Selected{pair.local, pair.remote, session_, pair.local_priority, ConsentWatch{now}});
  for (const auto& rival : list_.pairs()) {
    if (rival.component == component && rival.state == PairState::inProgress) checks_.hush(rival.id);
  }
  list_.dropIdle(component);
  if (everyComponent(&IceAgent::isSelected)) gate_.forgetFormer();
}

// ------------------------------------------------------------------------------------------- consent

void IceAgent::askForConsent(TimePoint now) {
  for (auto& selected : selected_) {
    if (!selected || now < selected->consent.due() || !selected->consent.isAlive(now)) continue;
    const auto transaction = stun::newTransactionId();
    const CheckContents contents{reflexivePriority(selected->priority), role_, tie_breaker_, Nomination::no};
    outbox_.push_back({selected->local, selected->remote, writeCheck(*selected->session, transaction, contents)});
    selected->consent.onSent(transaction, now);
  }
}

bool IceAgent::onConsent(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now) {
  for (auto& selected : selected_) {
    const bool awaited = selected && selected->local == local && selected->remote == source &&
                         selected->consent.awaits(message.transaction()) && selected->consent.isAlive(now);
    if (!awaited || message.messageClass() != stun::Class::success) continue;
    if (!stun::authenticate(message, selected->session->key)) continue;
    selected->consent.onAnswered(now);
    return true;
  }
  return false;
}

}  // namespace sallyport::media::ice
