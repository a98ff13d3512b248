// SPDX-License-Identifier: Apache-2.0
#include "phone/media_path.h"

#include <algorithm>

namespace sallyport::phone {
namespace {

using Heard = media::LegTransport::Heard;

std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Result<std::unique_ptr<MediaPath>> MediaPath::create(net::Loop& loop, PathSettings settings, Events events) {
  std::unique_ptr<MediaPath> path{new MediaPath(loop, std::move(settings), std::move(events))};
  if (path->settings_.dtls) SP_TRY(path->transport_.await(path->settingsFor(crypto::DtlsRole::server)));
  path->follow();
  return path;
}

MediaPath::MediaPath(net::Loop& loop, PathSettings settings, Events events)
    : loop_(loop), settings_(std::move(settings)), events_(std::move(events)) {
  if (settings_.ice) ice_.emplace(*settings_.ice, loop_.now());
}

crypto::DtlsSessionSettings MediaPath::settingsFor(crypto::DtlsRole role) const {
  crypto::DtlsSessionSettings settings{.certificate = settings_.dtls->certificate,
                                       .role = role,
                                       .suites = settings_.dtls->suites,
                                       .first_timeout = kFirstTimeout};
  std::erase_if(settings.suites, [](crypto::SrtpSuite suite) {
    const auto& known = crypto::kDtlsSrtpSuites;
    return std::find(known.begin(), known.end(), suite) == known.end();
  });
  return settings;
}

// --- what was agreed ---------------------------------------------------------------------------------------------

Status MediaPath::agree(const MediaPlan& plan) {
  if (failed_) return success();
  address_ = plan.remote_rtp;
  SP_TRY(agreeIce(plan));
  transport_.setAddress(destination().value_or(Endpoint{}));
  if (plan.dtls) SP_TRY(agreeDtls(*plan.dtls));
  follow();
  return success();
}

Status MediaPath::agreeIce(const MediaPlan& plan) {
  if (plan.ice && ice_) return ice_->agree(*plan.ice, loop_.now());
  ice_.reset();
  return success();
}

Status MediaPath::agreeDtls(const sdp::DtlsAgreement& agreed) {
  const bool another = !association_ || transport_.isOver() ||
                       sdp::associationChange(*association_, agreed) != sdp::AssociationChange::none;
  association_ = agreed;
  if (another) {
    due_.reset();
    SP_TRY(transport_.associate({settingsFor(agreed.role), agreed.theirs.fingerprints}, loop_.now()));
  }
  return success();
}

// --- datagrams and time ------------------------------------------------------------------------------------------

Heard MediaPath::onDatagram(const Endpoint& source, media::DatagramKind kind, Bytes datagram) {
  if (failed_) return Heard::dropped;
  auto heard = Heard::dropped;
  if (kind == media::DatagramKind::stun && ice_) {
    const auto outcome = ice_->onStun(source, datagram, loop_.now());
    const bool authentic = outcome <= media::ice::StunOutcome::taken;
    heard = authentic ? Heard::taken : Heard::dropped;
  } else if (kind == media::DatagramKind::dtls && settings_.dtls) {
    heard = onDtls(source, datagram);
  }
  follow();
  return heard;
}

Heard MediaPath::onDtls(const Endpoint& source, Bytes datagram) {
  // The peer may have chosen a pair before we know of it: whoever has proven to be the peer is answered where it asks.
  if (ice_ && ice_->mayBeHeard(source, loop_.now())) transport_.setAddress(source);
  return transport_.onDatagram(source, datagram, loop_.now());
}

std::optional<Endpoint> MediaPath::destination() const {
  if (ice_) return ice_->destination(loop_.now());
  const bool somewhere = !address_.address.isUnspecified() && address_.port != 0;
  return somewhere ? std::optional{address_} : std::nullopt;
}

void MediaPath::whenGathered(std::function<void()> then) {
  gathered_ = std::move(then);
  follow();
}

void MediaPath::advance() {
  if (ice_) ice_->advance(loop_.now());
  transport_.advance(loop_.now());
  follow();
}

// Says what is to be said, tells what has come of it, and sees to the next deadline.
void MediaPath::follow() {
  if (const auto to = destination()) {
    transport_.setAddress(*to);
    transport_.advance(loop_.now());  // a client may have waited for it
  }
  if (ice_) {
    for (const auto& check : ice_->takeTransmissions()) events_.send(check.to, check.datagram);
  }
  for (const auto& [to, datagram] : transport_.takeOutgoing()) events_.send(to, datagram);
  const bool fresh = transport_.generation() != std::exchange(generation_, transport_.generation());
  if (fresh) events_.keys(*transport_.keys());
  if (const auto error = failure()) return fail(*error);
  if (gathered_ && !isGathering()) gathered_timer_ = loop_.schedule({}, std::exchange(gathered_, {}));
  timer_.cancel();
  if (const auto next = deadline()) timer_ = loop_.scheduleAt(*next, [this] { advance(); });
}

std::optional<Error> MediaPath::failure() {
  if (const auto& failed = transport_.failure()) return *failed;
  if (ice_) {
    if (auto lost = ice_->failure(loop_.now())) return lost;
  }
  if (!transport_.isHandshaking() || !destination()) return std::nullopt;
  if (!due_) due_ = loop_.now() + kHandshakeTimeout;
  if (loop_.now() < *due_) return std::nullopt;
  return Error{ErrorKind::unavailable, "media.handshake_timeout", "DTLS is not through in time"};
}

std::optional<TimePoint> MediaPath::deadline() const {
  auto next = earlier(transport_.deadline(), ice_ ? ice_->deadline() : std::nullopt);
  return transport_.isHandshaking() ? earlier(next, due_) : next;
}

void MediaPath::fail(const Error& error) {
  timer_.cancel();
  failed_ = true;
  events_.failed(error);
}

}  // namespace sallyport::phone
