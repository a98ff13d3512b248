// SPDX-License-Identifier: Apache-2.0
#include "call/trunk_registrations.h"

#include <algorithm>

#include "crypto/random.h"

namespace sallyport::call {
namespace {

using telemetry::Severity;

constexpr std::size_t kTagCharacters = 16;
constexpr std::size_t kCallIdCharacters = 24;

TrunkAccount accountOf(const config::Peer& peer, const SentBy& sent_by) {
  TrunkAccount account;
  account.peer = peer.name;
  account.aor = peer.registration->aor;
  account.expires = peer.registration->expires;
  std::string user;
  if (const auto uri = sip::Uri::parse(account.aor)) {
    account.registrar = "sip:" + std::string{uri->host};
    if (uri->port) account.registrar += ":" + std::to_string(*uri->port);
    user = uri->user;
  }
  account.contact = sent_by.uri(peer.unprotected ? Transport::tcp : Transport::tls, user);
  account.call_id = crypto::randomToken(kCallIdCharacters);
  account.from_tag = crypto::randomToken(kTagCharacters);
  return account;
}

bool sameRegistration(const TrunkAccount& standing, const config::Peer& peer) {
  return peer.registration && peer.registration->aor == standing.aor && peer.registration->expires == standing.expires;
}

}  // namespace

struct TrunkRegistrations::Trunk {
  TrunkRegistration registration;
  EdgePolicyPtr policy;  // that its peer is found in
  std::optional<sip::FlowId> flow = {};
};

TrunkRegistrations::TrunkRegistrations(Parts parts) : parts_(std::move(parts)) {}

TrunkRegistrations::~TrunkRegistrations() = default;

void TrunkRegistrations::adopt(EdgePolicyPtr policy) {
  policy_ = std::move(policy);
  const auto now = parts_.clock.steady();
  for (const auto& trunk : trunks_) {
    const auto* peer = policy_->config->peer(trunk->registration.account().peer);
    if (peer != nullptr && sameRegistration(trunk->registration.account(), *peer)) {
      trunk->policy = policy_;
    } else {
      trunk->registration.leave(now);
    }
  }
  for (const auto& peer : policy_->config->peers) {
    if (!peer.registration || draining_) continue;
    const bool known = std::any_of(trunks_.begin(), trunks_.end(), [&](const auto& trunk) {
      return trunk->policy == policy_ && trunk->registration.account().peer == peer.name;
    });
    if (known) continue;
    trunks_.push_back(std::make_shared<Trunk>(
        Trunk{TrunkRegistration{accountOf(peer, parts_.requester.sentByTo(*policy_->peer(peer.name))), now}, policy_}));
  }
  advance();
}

void TrunkRegistrations::drain() {
  draining_ = true;
  for (const auto& trunk : trunks_) trunk->registration.leave(parts_.clock.steady());
  advance();
}

bool TrunkRegistrations::isIdle() const {
  return std::all_of(trunks_.begin(), trunks_.end(), [&](const auto& trunk) {
    return trunk->registration.state(parts_.clock.steady()) == TrunkState::left;
  });
}

void TrunkRegistrations::advance() {
  const auto now = parts_.clock.steady();
  std::erase_if(trunks_,
                [&](const auto& trunk) { return !draining_ && trunk->registration.state(now) == TrunkState::left; });
  const auto trunks = trunks_;  // an answer may come before the request returns
  for (const auto& trunk : trunks) {
    if (trunk->flow && !parts_.is_open(*trunk->flow)) {
      trunk->flow.reset();
      trunk->registration.connectionLost(now, parts_.random());
    }
    send(trunk);
  }
}

void TrunkRegistrations::send(const std::shared_ptr<Trunk>& trunk) {
  auto& registration = trunk->registration;
  const auto attempt = registration.due(parts_.clock.steady(), parts_.challenges);
  if (!attempt) return;
  const auto* peer = trunk->policy->peer(registration.account().peer);
  SP_CHECK(peer != nullptr);  // the policy this trunk was made from, or found in again
  const std::weak_ptr<Trunk> waiting = trunk;
  parts_.requester.request(
      *peer, sip::Method::registration,
      [account = registration.account(), attempt](const std::string& via) {
        return writeRegister(account, *attempt, via);
      },
      [this, waiting](Requester::Answer answer) {
        // The trunks go when the registrations do: an answer that outlives them reaches nobody.
        if (const auto still = waiting.lock()) onAnswer(still, std::move(answer));
      });
}

void TrunkRegistrations::onAnswer(const std::shared_ptr<Trunk>& trunk, Requester::Answer answer) {
  auto& registration = trunk->registration;
  const auto now = parts_.clock.steady();
  const auto random = parts_.random();
  if (answer.response) {
    trunk->flow = answer.flow;
    tell(*trunk, registration.onResponse(*answer.response, now, random, parts_.challenges));
  } else {
    trunk->flow.reset();
    tell(*trunk, registration.onFailure(answer.response.error(), now, random));
  }
  send(trunk);  // a challenge was answered, an interval raised: at once
}

void TrunkRegistrations::tell(const Trunk& trunk, TrunkRegistration::Change change) {
  const auto& registration = trunk.registration;
  const auto now = parts_.clock.steady();
  const auto inSeconds = [now](std::optional<TimePoint> at) {
    return at ? std::chrono::duration_cast<std::chrono::seconds>(*at - now).count() : 0;
  };
  const auto& account = registration.account();
  switch (change) {
    case TrunkRegistration::Change::none: return;
    case TrunkRegistration::Change::registered:
      return parts_.log.event(
          Severity::notice, "trunk.registered",
          {{"peer", account.peer}, {"aor", account.aor}, {"expires_seconds", inSeconds(registration.expires())}});
    case TrunkRegistration::Change::failed:
      return parts_.log.event(Severity::warning, "trunk.registration_failed",
                              {{"peer", account.peer},
                               {"aor", account.aor},
                               {"reason", registration.lastReason()},
                               {"status", registration.lastStatus()},
                               {"failures", registration.failures()},
                               {"next_try_seconds", inSeconds(registration.deadline())}});
    case TrunkRegistration::Change::left:
      return parts_.log.event(Severity::notice, "trunk.unregistered",
                              {{"peer", account.peer}, {"aor", account.aor}, {"status", registration.lastStatus()}});
  }
}

std::vector<TrunkSnapshot> TrunkRegistrations::snapshot() const {
  const auto now = parts_.clock.steady();
  const auto wall = parts_.clock.wall();
  const auto asWall = [&](TimePoint at) { return wall + std::chrono::duration_cast<WallTime::duration>(at - now); };
  std::vector<TrunkSnapshot> all;
  for (const auto& trunk : trunks_) {
    const auto& registration = trunk->registration;
    TrunkSnapshot seen;
    seen.peer = registration.account().peer;
    seen.aor = registration.account().aor;
    seen.state = registration.state(now);
    seen.since = asWall(registration.since());
    if (const auto at = registration.expires()) seen.expires = asWall(*at);
    if (const auto at = registration.deadline()) seen.next_try = asWall(*at);
    seen.last_status = registration.lastStatus();
    seen.last_reason = registration.lastReason();
    seen.failures = registration.failures();
    all.push_back(std::move(seen));
  }
  return all;
}

}  // namespace sallyport::call
