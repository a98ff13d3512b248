// SPDX-License-Identifier: Apache-2.0
#include "phone/media_path.h"

#include <algorithm>

namespace sallyport::phone {

Result<std::unique_ptr<MediaPath>> MediaPath::create(net::Loop& loop, DtlsSettings settings, Events events) {
  std::unique_ptr<MediaPath> path{new MediaPath(loop, std::move(settings), std::move(events))};
  SP_TRY(path->transport_.await(path->settingsFor(crypto::DtlsRole::server)));
  return path;
}

MediaPath::MediaPath(net::Loop& loop, DtlsSettings settings, Events events)
    : loop_(loop), settings_(std::move(settings)), events_(std::move(events)) {}

crypto::DtlsSessionSettings MediaPath::settingsFor(crypto::DtlsRole role) const {
  crypto::DtlsSessionSettings settings{
      .certificate = settings_.certificate, .role = role, .suites = settings_.suites, .first_timeout = kFirstTimeout};
  std::erase_if(settings.suites, [](crypto::SrtpSuite suite) {
    const auto& known = crypto::kDtlsSrtpSuites;
    return std::find(known.begin(), known.end(), suite) == known.end();
  });
  return settings;
}

Status MediaPath::agree(const MediaPlan& plan) {
  if (failed_) return success();
  transport_.setAddress(plan.remote_rtp);
  const bool another = !association_ || transport_.isOver() ||
                       sdp::associationChange(*association_, *plan.dtls) != sdp::AssociationChange::none;
  association_ = plan.dtls;
  if (another) {
    due_ = loop_.now() + kHandshakeTimeout;
    SP_TRY(transport_.associate({settingsFor(plan.dtls->role), plan.dtls->theirs.fingerprints}, loop_.now()));
  }
  for (const auto& [source, datagram] : std::exchange(early_, {})) {
    (void)transport_.onDatagram(source, datagram, loop_.now());  // a stranger's is dropped now
  }
  follow();
  return success();
}

media::LegTransport::Heard MediaPath::onDatagram(const Endpoint& source, Bytes datagram) {
  if (failed_) return media::LegTransport::Heard::dropped;
  if (!association_) {
    if (early_.size() == kMostEarly) early_.pop_front();
    early_.push_back({source, {datagram.begin(), datagram.end()}});
    return media::LegTransport::Heard::taken;
  }
  const auto heard = transport_.onDatagram(source, datagram, loop_.now());
  follow();
  return heard;
}

// Says what the transport has to say, tells what has come of it, and sees to its next deadline.
void MediaPath::follow() {
  for (const auto& [to, datagram] : transport_.takeOutgoing()) events_.send(to, datagram);
  const bool fresh = transport_.generation() != std::exchange(generation_, transport_.generation());
  if (fresh) events_.keys(*transport_.keys());
  if (const auto& failure = transport_.failure()) return fail(*failure);
  auto next = transport_.deadline();
  if (transport_.isHandshaking()) {
    if (loop_.now() >= due_) {
      return fail({ErrorKind::unavailable, "media.handshake_timeout", "DTLS is not through in time"});
    }
    next = std::min(next.value_or(due_), due_);
  }
  timer_.cancel();
  if (!next) return;
  timer_ = loop_.scheduleAt(*next, [this] {
    transport_.advance(loop_.now());
    follow();
  });
}

void MediaPath::fail(const Error& error) {
  timer_.cancel();
  failed_ = true;
  events_.failed(error);
}

}  // namespace sallyport::phone
