// SPDX-License-Identifier: Apache-2.0
#include "call/upstream_registrar.h"

#include <algorithm>

#include "call/granted_expiry.h"
#include "crypto/random.h"
#include "sip/message_writer.h"

namespace sallyport::call {
namespace {

using sip::HeaderId;
using std::chrono::seconds;

constexpr std::size_t kTagCharacters = 16;
constexpr unsigned kAttempts = 2;  // the second with the core's Min-Expires
constexpr seconds kWorthKeeping{30};
// CSeq counts on over restarts, whatever was stored: it follows the clock from here.
constexpr WallTime kCseqEpoch{std::chrono::sys_days{std::chrono::year{2024} / 1 / 1}};

bool isKnown(const UpstreamState& upstream, WallTime now) { return upstream.cseq != 0 && upstream.expires > now; }

// In the second half of what the core granted, or past it.
bool isDue(const UpstreamState& upstream, WallTime now) {
  return !isKnown(upstream, now) || now >= upstream.registered + (upstream.expires - upstream.registered) / 2;
}

seconds secondsUntil(WallTime then, WallTime now) { return std::chrono::ceil<seconds>(then - now); }

}  // namespace

void UpstreamRegistrar::carry(RegistrationChange change, Registrations::Plan plan, Carried carried) {
  const auto now = parts_.clock.wall();
  const auto asking = std::make_shared<Asking>();
  std::uint32_t known_cseq = 0;
  for (std::size_t i = 0; i < change.updates.size(); ++i) {
    auto& update = change.updates[i];
    if (!isDue(update.upstream, now) && plan.updated[i] && plan.updated[i]->q == update.q) {
      update.expires = std::min(update.expires, update.upstream.expires);
      continue;
    }
    asking->updates.push_back(i);
    asking->told.push_back({update.token, update.q, secondsUntil(update.expires, now)});
    known_cseq = std::max(known_cseq, update.upstream.cseq);
  }
  for (const auto& removed : plan.removed) {
    if (!isKnown(removed->upstream, now)) continue;
    asking->told.push_back({removed->token, removed->q, seconds{0}});
    known_cseq = std::max(known_cseq, removed->upstream.cseq);
  }
  if (asking->told.empty()) return carried(std::move(change));
  asking->change = std::move(change);
  asking->cseq = known_cseq;
  asking->carried = std::move(carried);
  ask(asking);
}

void UpstreamRegistrar::withdraw(const Binding& binding) {
  const auto* core = policy_->peer(policy_->config->registrar.upstream);
  if (core == nullptr) return;
  const auto cseq = nextCseq(binding.upstream.cseq);
  const std::vector<Told> told{{binding.token, binding.q, seconds{0}}};
  parts_.requester.request(
      *core, sip::Method::registration,
      [this, aor = binding.aor, told, cseq](const std::string& via) { return write(aor, told, cseq, via); },
      [policy = policy_](const Requester::Answer&) {});  // where it is not heard, it expires
}

void UpstreamRegistrar::ask(const AskingPtr& asking) {
  const auto* core = policy_->peer(policy_->config->registrar.upstream);
  if (core == nullptr) {
    return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.unavailable", "no such peer"});
  }
  ++asking->attempts;
  asking->cseq = nextCseq(asking->cseq);
  parts_.requester.request(
      *core, sip::Method::registration,
      [this, asking](const std::string& via) { return write(asking->change.aor, asking->told, asking->cseq, via); },
      // The policy is kept until then: the peer lives in it.
      [this, asking, policy = policy_](const Requester::Answer& answer) { onAnswer(asking, answer.response); });
}

void UpstreamRegistrar::onAnswer(const AskingPtr& asking, const Result<sip::Message>& response) {
  if (!response) {
    return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.unavailable", describe(response.error())});
  }
  if (response->isSuccess()) return onGranted(asking, *response);
  const auto said = std::to_string(response->status());
  switch (response->status()) {
    case 401:
    case 407: return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.challenged", said});
    case 403:
    case 404: return onRefused(asking, {ErrorKind::peerDenied, "registrar.upstream.denied", said});
    case 423: break;
    default: return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.unavailable", said});
  }
  const auto least = secondsIn(*response, HeaderId::minExpires);
  if (!least || asking->attempts >= kAttempts) {
    return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.unavailable", said});
  }
  for (auto& told : asking->told) {
    if (told.expires > seconds{0}) told.expires = std::max(told.expires, *least);
  }
  ask(asking);
}

// For no longer than the core; where that grants more than the phone asked for, the phone's wish stands.
void UpstreamRegistrar::onGranted(const AskingPtr& asking, const sip::Message& response) {
  const auto now = parts_.clock.wall();
  for (std::size_t i = 0; i < asking->updates.size(); ++i) {
    auto& update = asking->change.updates[asking->updates[i]];
    const auto granted = grantedIn(response, contactOf(update.token), asking->told[i].expires);
    if (granted <= seconds{0}) {
      return onRefused(asking, {ErrorKind::unavailable, "registrar.upstream.unavailable", "answered, not bound"});
    }
    update.upstream = {asking->cseq, now, now + granted};
    update.expires = std::min(update.expires, update.upstream.expires);
  }
  asking->carried(std::move(asking->change));
}

// A removal holds whatever the core says, and so does a refresh that it still has time for.
void UpstreamRegistrar::onRefused(const AskingPtr& asking, const Error& error) {
  const auto now = parts_.clock.wall();
  auto& updates = asking->change.updates;
  const bool lasts = std::all_of(asking->updates.begin(), asking->updates.end(),
                                 [&](std::size_t i) { return updates[i].upstream.expires >= now + kWorthKeeping; });
  if (!lasts || (error.kind == ErrorKind::peerDenied && !asking->updates.empty())) return asking->carried(error);
  for (const auto i : asking->updates) updates[i].expires = std::min(updates[i].expires, updates[i].upstream.expires);
  asking->carried(std::move(asking->change));
}

HopSecurity UpstreamRegistrar::hop() const {
  const auto* core = policy_->peer(policy_->config->registrar.upstream);
  return core == nullptr ? HopSecurity::tls : core->hop;
}

std::string UpstreamRegistrar::contactOf(std::string_view token) const {
  return parts_.requester.sentBy().uri(streamOver(hop()), token);
}

// One Call-ID for each binding, for its whole life (10.2.4): the token of the first Contact.
std::string UpstreamRegistrar::write(const std::string& aor, const std::vector<Told>& told, std::uint32_t cseq,
                                     const std::string& via) const {
  sip::MessageWriter writer;
  writer.request("REGISTER", "sip:" + aor.substr(aor.rfind('@') + 1))
      .header(HeaderId::via, via)
      .header(HeaderId::maxForwards, std::uint64_t{70})
      .header(HeaderId::from, "<sip:" + aor + ">;tag=" + crypto::randomToken(kTagCharacters))
      .header(HeaderId::to, "<sip:" + aor + ">")
      .header(HeaderId::callId, told.front().token)
      .header(HeaderId::cseq, std::to_string(cseq) + " REGISTER");
  for (const auto& each : told) {
    auto contact = "<" + contactOf(each.token) + ">;expires=" + std::to_string(each.expires.count());
    if (each.q < kWholeQ) contact += ";q=" + qText(each.q);
    writer.header(HeaderId::contact, contact);
  }
  const auto* core = policy_->config->peer(policy_->config->registrar.upstream);
  if (core != nullptr && core->path) {
    writer.header(HeaderId::path, "<" + parts_.requester.sentBy().uri(streamOver(hop())) + ";lr>");
    writer.header(HeaderId::supported, "path");
  }
  return writer.finish();
}

std::uint32_t UpstreamRegistrar::nextCseq(std::uint32_t after) {
  const auto since = std::chrono::duration_cast<seconds>(parts_.clock.wall() - kCseqEpoch).count();
  const auto by_clock = static_cast<std::uint32_t>(std::max<std::int64_t>(since, 1));
  last_cseq_ = std::max({last_cseq_ + 1, after + 1, by_clock});
  return last_cseq_;
}

}  // namespace sallyport::call
