// SPDX-License-Identifier: Apache-2.0
// IceAgent: the peer's checks (RFC 8445 7.3).
#include <algorithm>

#include "media/ice/agent.h"

namespace sallyport::media::ice {

StunOutcome IceAgent::onRequest(LocalIndex local, const Endpoint& source, const stun::Message& message, TimePoint now) {
  const auto admission = gate_.admit(local, source, message, now);
  if (const auto* dropped = std::get_if<StunOutcome>(&admission)) return *dropped;
  const auto& check = std::get<AdmittedCheck>(admission);
  const auto refuse = [&](int code) {
    outbox_.push_back({local, source, gate_.failure(check, code)});
    return StunOutcome::refused;
  };
  if (const auto flaw = CheckGate::flawOf(*check.message)) return refuse(*flaw);
  PeerCheck heard{local, source, *check.message->priority(), Nomination::no};
  if (check.generation == Generation::former) {
    if (!concernsFormer(heard)) return StunOutcome::formerSession;
    outbox_.push_back({local, source, gate_.success(check, source)});
    return StunOutcome::answered;
  }
  if (const auto conflict = settleRoles(*check.message)) return refuse(*conflict);
  // Who controls hears no nomination (7.3.1.5); flawOf() lets only the other role carry one.
  if (role_ == Role::controlled && check.message->has(stun::Attribute::useCandidate))
    heard.nomination = Nomination::yes;
  outbox_.push_back({local, source, gate_.success(check, source)});
  if (session_) {
    onPeerCheck(heard, now);
  } else if (early_.size() < kMostRemotes) {
    early_.push_back(heard);
  }
  return StunOutcome::answered;
}

// RFC 8445 7.3.1.1: the larger tie-breaker controls. A lite peer never does, and one that says so is told.
std::optional<int> IceAgent::settleRoles(const stun::Message& check) {
  const auto theirs = role_ == Role::controlling ? check.controlling() : check.controlled();
  if (!theirs) return std::nullopt;
  const bool ours_is_larger = tie_breaker_ >= *theirs;
  const bool we_control = ours_is_larger || remote_mode_ == RemoteMode::lite;
  if (we_control == (role_ == Role::controlling)) return 487;
  role_ = other(role_);
  list_.rank(role_);
  for (auto& pair : list_.pairs()) pair.nominating = false;
  return std::nullopt;
}

bool IceAgent::concernsFormer(const PeerCheck& check) const {
  return std::any_of(selected_.begin(), selected_.end(), [&](const auto& selected) {
    return selected && selected->session != session_ && selected->local == check.local &&
           selected->remote == check.source;
  });
}

// RFC 8445 7.3.1.3: from where nobody told, a candidate is found.
CheckPair* IceAgent::pairOf(const PeerCheck& check) {
  if (auto* pair = list_.find(check.local, check.source)) return pair;
  const auto& ours = locals_[check.local];
  auto remote = std::find_if(remotes_.begin(), remotes_.end(), [&](const Candidate& candidate) {
    return candidate.component == ours.component && candidate.endpoint == check.source;
  });
  if (remote == remotes_.end()) {
    if (remotes_.size() == kMostRemotes) return nullptr;
    Candidate found{CandidateType::peerReflexive, ours.component, check.source, check.priority, "prflx"};
    found.foundation.append(std::to_string(remotes_.size()));  // like no other's
    remote = remotes_.insert(remotes_.end(), std::move(found));
  }
  CheckPair pair;
  pair.local = check.local;
  pair.component = ours.component;
  pair.remote = check.source;
  pair.local_priority = ours.priority;
  pair.remote_priority = remote->priority;
  pair.foundation = ours.foundation + ":" + remote->foundation;
  return list_.add(std::move(pair));
}

// RFC 8445 7.3.1.4, 7.3.1.5.
void IceAgent::onPeerCheck(const PeerCheck& check, TimePoint now) {
  const bool known = list_.find(check.local, check.source) != nullptr;
  const bool settled = isSelected(componentOf(check.local));
  if (!known && settled && check.nomination == Nomination::no) return;  // a late one of many; it has its answer
  auto* pair = pairOf(check);
  if (pair == nullptr) return;
  if (pair->state == PairState::succeeded) {
    pair->proven = now;
    if (check.nomination == Nomination::yes) select(*pair, now);
    return;
  }
  if (check.nomination == Nomination::yes) pair->wanted_by_peer = true;
  if (pair->state == PairState::inProgress) checks_.hush(pair->id);
  pair->state = PairState::waiting;
  list_.trigger(*pair);
}

}  // namespace sallyport::media::ice
