// SPDX-License-Identifier: Apache-2.0
#pragma once
// What shares a call's port with its voice (RFC 7983): ICE, which finds the way to the peer (RFC 8445), and the DTLS
// association that agrees its keys (RFC 5764). It says where to send, when there are keys, and when there will be none.
//
// DTLS is heard from a pair that ICE has proven, or without ICE from the very address that SDP names.
//
// One per media session, on its loop's thread. Datagrams come in by value and go out through `send`.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/result.h"
#include "media/leg_transport.h"
#include "net/loop.h"
#include "phone/ice_way.h"
#include "phone/media_agreement.h"

namespace sallyport::phone {

struct DtlsSettings {
  std::shared_ptr<const crypto::DtlsCertificate> certificate;  // never null
  std::vector<crypto::SrtpSuite> suites;                       // those that DTLS can not agree are left out
};

struct PathSettings {
  std::optional<DtlsSettings> dtls;
  std::optional<IceWay::Settings> ice;
};

class MediaPath {
 public:
  // From when both sides have spoken, or ICE has found the way.
  static constexpr std::chrono::seconds kHandshakeTimeout{10};
  // Voice waits for the handshake: what is lost is said again sooner than by the library's second.
  static constexpr std::chrono::milliseconds kFirstTimeout{50};

  // None of them may destroy the path.
  struct Events {
    std::function<void(const Endpoint&, Bytes)> send;
    std::function<void(const media::DtlsSrtpKeys&)> keys;  // again: others, from now on
    std::function<void(const Error&)> failed;              // once; nothing else follows
  };

  // From now on checks are answered, and a client's hello, which is believed once its certificate has been announced.
  // Errors: as crypto::DtlsSession::create().
  static Result<std::unique_ptr<MediaPath>> create(net::Loop& loop, PathSettings settings, Events events);

  // What a STUN server says is still waited for; whenGathered() calls `then` once it is there or will not come, from
  // nothing of ours that runs.
  bool isGathering() const { return ice_ && ice_->isGathering(); }
  void whenGathered(std::function<void()> then);
  // What our first description says of ICE; null: nothing.
  const sdp::IceDescription* ice() const { return ice_ ? &ice_->description() : nullptr; }
  // What both sides have said. An association that stands goes on unless they ask for another (RFC 8842 4). Failures to
  // come: those of media::DtlsAssociation and IceWay, and "media.handshake_timeout" (unavailable). Errors: as create(),
  // and IceWay::agree().
  Status agree(const MediaPlan& plan);
  media::LegTransport::Heard onDatagram(const Endpoint& source, media::DatagramKind kind, Bytes datagram);

  // Where voice goes: what ICE has chosen, or without it what SDP says; nothing while there is no such place.
  std::optional<Endpoint> destination() const;
  std::optional<IceFacts> iceFacts() const { return ice_ ? ice_->facts() : std::nullopt; }

 private:
  MediaPath(net::Loop& loop, PathSettings settings, Events events);
  crypto::DtlsSessionSettings settingsFor(crypto::DtlsRole role) const;
  Status agreeIce(const MediaPlan& plan);
  Status agreeDtls(const sdp::DtlsAgreement& agreed);
  media::LegTransport::Heard onDtls(const Endpoint& source, Bytes datagram);
  void advance();
  void follow();
  std::optional<Error> failure();
  std::optional<TimePoint> deadline() const;
  void fail(const Error& error);

  net::Loop& loop_;
  const PathSettings settings_;
  Events events_;
  std::optional<IceWay> ice_;  // until the peer's description shows that it has none
  Endpoint address_;           // of its SDP
  media::LegTransport transport_;
  std::optional<sdp::DtlsAgreement> association_;  // that the transport works at, or has
  unsigned generation_ = 0;                        // of the keys that were told
  std::optional<TimePoint> due_;                   // when there must be keys
  bool failed_ = false;
  std::function<void()> gathered_;
  net::TimerHandle timer_, gathered_timer_;
};

}  // namespace sallyport::phone
