// SPDX-License-Identifier: Apache-2.0
// Candidates, time and what has come of it. Checks of ours are in agent_own_checks.cpp, the peer's in
// agent_peer_checks.cpp.
#include "media/ice/agent.h"

#include <algorithm>

#include "core/check.h"

namespace sallyport::media::ice {
namespace {

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

IceAgent::IceAgent(AgentConfig config)
    : role_(config.role),
      tie_breaker_(config.tie_breaker),
      components_(config.components),
      remote_policy_(config.remotes),
      timing_(config.timing),
      gate_(std::move(config.local), std::move(config.remotes), config.limits),
      list_(role_),
      checks_(timing_) {
  SP_CHECK(components_ >= 1 && components_ <= kComponents);
}

// ---------------------------------------------------------------------------------------- candidates

Result<LocalIndex> IceAgent::addLocal(const Candidate& candidate) {
  const bool fits = candidate.component >= kRtp && candidate.component <= components_ && locals_.size() < kMostLocals;
  if (!fits) return Error{ErrorKind::internal, "media.ice.candidate", candidate.endpoint.toString()};
  const auto local = static_cast<LocalIndex>(locals_.size());
  locals_.push_back(candidate);
  if (session_) {
    for (const auto& remote : remotes_) pairUp(local, remote);
  }
  return local;
}

Status IceAgent::setRemote(const Credentials& remote, RemoteMode mode, TimePoint now) {
  if (session_) {
    if (session_->remote == remote) return success();
    return Error{ErrorKind::peerMisbehaved, "media.ice.restart_needed", remote.ufrag};
  }
  session_ = std::make_shared<const PeerSession>(gate_.ufrag(), remote);
  remote_mode_ = mode;
  gate_.expect(remote.ufrag);
  if (mode == RemoteMode::lite && role_ != Role::controlling) {  // RFC 8445 6.1.1
    role_ = Role::controlling;
    list_.rank(role_);
  }
  started_ = now;
  last_told_ = now;
  next_check_ = now;
  for (LocalIndex local = 0; local < locals_.size(); ++local) {
    for (const auto& candidate : remotes_) pairUp(local, candidate);
  }
  for (const auto& check : std::exchange(early_, {})) onPeerCheck(check, now);
  return success();
}

Status IceAgent::addRemote(const Candidate& candidate, TimePoint now) {
  if (candidate.component < kRtp || candidate.component > components_)
    return Error{ErrorKind::peerMisbehaved, "media.ice.candidate", candidate.endpoint.toString()};
  if (!remote_policy_.permits(candidate.endpoint))
    return Error{ErrorKind::peerDenied, "media.ice.address", candidate.endpoint.toString()};
  if (remote_ended_) return Error{ErrorKind::peerMisbehaved, "media.ice.ended", candidate.endpoint.toString()};
  last_told_ = now;
  const auto known = std::find_if(remotes_.begin(), remotes_.end(), [&](const Candidate& other) {
    return other.component == candidate.component && other.endpoint == candidate.endpoint;
  });
  if (known != remotes_.end()) {  // perhaps found by a check of the peer's before it was described
    *known = candidate;
    list_.describe(candidate);
    return success();
  }
  if (remotes_.size() == kMostRemotes) return Error{ErrorKind::peerMisbehaved, "media.ice.too_many_candidates", {}};
  remotes_.push_back(candidate);
  if (!session_) return success();
  for (LocalIndex local = 0; local < locals_.size(); ++local) pairUp(local, candidate);
  return success();
}

// RFC 8445 6.1.2.2; once a component has its pair, only the peer's own checks add to the list (8.1.2).
void IceAgent::pairUp(LocalIndex local, const Candidate& remote) {
  const auto& ours = locals_[local];
  const bool alike =
      ours.component == remote.component && ours.endpoint.address.family() == remote.endpoint.address.family();
  if (!alike || isSelected(ours.component)) return;
  CheckPair pair;
  pair.local = local;
  pair.component = ours.component;
  pair.remote = remote.endpoint;
  pair.local_priority = ours.priority;
  pair.remote_priority = remote.priority;
  pair.foundation = ours.foundation + ":" + remote.foundation;
  list_.add(std::move(pair));
}

void IceAgent::restart(Credentials local) {
  gate_.restart(std::move(local));
  session_.reset();
  remotes_.clear();
  early_.clear();
  remote_ended_ = false;
  list_.clear();
  checks_.clear();
  started_.reset();
  first_valid_ = {};
}

// ---------------------------------------------------------------------------------- datagrams and time

StunOutcome IceAgent::onStun(LocalIndex local, const Endpoint& source, Bytes datagram, TimePoint now) {
  const auto message = stun::Message::parse(datagram);
  auto outcome = StunOutcome::malformed;
  if (message && local < locals_.size()) {
    const bool answers =
        message->messageClass() == stun::Class::success || message->messageClass() == stun::Class::error;
    outcome = answers ? onResponse(local, source, *message, now) : onRequest(local, source, *message, now);
  }
  counters_.count(outcome);
  return outcome;
}

void IceAgent::advance(TimePoint now) {
  advanced_ = now;
  for (const auto& check : checks_.advance(now, outbox_)) onFailure(check, 0);
  askForConsent(now);
  if (!session_) return;
  nominateWhatIsBest(now);
  if (now < next_check_) return;
  auto* pair = list_.takeNext();
  if (pair == nullptr) return;
  sendCheck(*pair, now);
  next_check_ = now + timing_.pace;
}

std::optional<TimePoint> IceAgent::deadline() const {
  auto earliest = checks_.deadline();
  if (session_ && list_.hasNext()) earliest = earlier(earliest, next_check_);
  for (std::size_t i = 0; i < kComponents; ++i) {
    const auto& selected = selected_[i];
    if (selected && selected->consent.ends() > advanced_)
      earliest = earlier(earliest, std::min(selected->consent.due(), selected->consent.ends()));
    const auto component = static_cast<Component>(i + 1);
    if (awaitsNomination(component)) earliest = earlier(earliest, *first_valid_[i] + timing_.nominate_after);
  }
  if (session_ && patienceEnds() > advanced_) earliest = earlier(earliest, patienceEnds());
  return earliest;
}

// Checks of the peer's may still come from where nobody told (RFC 8863 4), or another candidate (RFC 8838 8).
TimePoint IceAgent::patienceEnds() const { return (remote_ended_ ? *started_ : last_told_) + timing_.patience; }

// ----------------------------------------------------------------------------- what has come of it

bool IceAgent::isSelected(Component component) const {
  const auto& selected = selected_[component - 1];
  return selected && selected->session == session_;
}

bool IceAgent::hasValid(Component component) const {
  return std::any_of(list_.pairs().begin(), list_.pairs().end(), [component](const CheckPair& pair) {
    return pair.component == component && pair.state == PairState::succeeded;
  });
}

bool IceAgent::everyComponent(bool (IceAgent::*holds)(Component) const) const {
  for (Component component = kRtp; component <= components_; ++component) {
    if (!(this->*holds)(component)) return false;
  }
  return true;
}

IceAgent::State IceAgent::state(TimePoint now) const {
  const bool lost = std::any_of(selected_.begin(), selected_.end(), [&](const auto& selected) {
    return selected && selected->session == session_ && !selected->consent.isAlive(now);
  });
  if (lost) return State::disconnected;
  if (!session_) return State::idle;
  if (everyComponent(&IceAgent::isSelected)) return State::completed;
  if (everyComponent(&IceAgent::hasValid)) return State::connected;
  const bool hopeless =
      std::none_of(list_.pairs().begin(), list_.pairs().end(), [](const CheckPair& pair) { return pair.isOpen(); });
  return hopeless && now >= patienceEnds() ? State::failed : State::checking;
}

std::optional<ValidatedPair> IceAgent::selected(Component component, TimePoint now) const {
  if (component < kRtp || component > components_) return std::nullopt;
  const auto& selected = selected_[component - 1];
  if (!selected || !selected->consent.isAlive(now)) return std::nullopt;
  return ValidatedPair{component, selected->local, selected->remote};
}

std::optional<ValidatedPair> IceAgent::validated(LocalIndex local, const Endpoint& source, TimePoint now) const {
  if (local >= locals_.size()) return std::nullopt;
  const auto pair = ValidatedPair{componentOf(local), local, source};
  if (selected(pair.component(), now) == pair) return pair;
  const bool proven = std::any_of(list_.pairs().begin(), list_.pairs().end(), [&](const CheckPair& candidate) {
    return candidate.local == local && candidate.remote == source && candidate.state == PairState::succeeded &&
           now - candidate.proven < kConsentLifetime;
  });
  return proven ? std::optional{pair} : std::nullopt;
}

}  // namespace sallyport::media::ice
