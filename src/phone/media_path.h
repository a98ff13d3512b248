// SPDX-License-Identifier: Apache-2.0
#pragma once
// What shares a call's port with its voice (RFC 7983): the DTLS association that agrees its keys (RFC 5764). It says
// when there are keys, and when there will be none; where voice goes once it has them is the session's to do.
//
// One per media session, on its loop's thread. Datagrams come in by value and go out through `send`.

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "core/result.h"
#include "media/leg_transport.h"
#include "net/loop.h"
#include "phone/media_agreement.h"

namespace sallyport::phone {

struct DtlsSettings {
  std::shared_ptr<const crypto::DtlsCertificate> certificate;  // never null
  std::vector<crypto::SrtpSuite> suites;                       // those that DTLS can not agree are left out
};

class MediaPath {
 public:
  static constexpr std::chrono::seconds kHandshakeTimeout{10};  // from when both sides have spoken
  // Voice waits for the handshake: what is lost is said again sooner than by the library's second.
  static constexpr std::chrono::milliseconds kFirstTimeout{50};
  static constexpr std::size_t kMostEarly = 8;

  // None of them may destroy the path.
  struct Events {
    std::function<void(const Endpoint&, Bytes)> send;
    std::function<void(const media::DtlsSrtpKeys&)> keys;  // again: others, from now on
    std::function<void(const Error&)> failed;              // once; nothing else follows
  };

  // Either role may become ours: a client's hello is answered from now on, and believed once its certificate has been
  // announced. Errors: as crypto::DtlsSession::create().
  static Result<std::unique_ptr<MediaPath>> create(net::Loop& loop, DtlsSettings settings, Events events);

  // What both sides have said; what came before they had is heard now. An association that stands goes on unless they
  // ask for another (RFC 8842 4). Failures to come: those of media::DtlsAssociation, and "media.handshake_timeout"
  // (unavailable). Errors: as create().
  Status agree(const MediaPlan& plan);
  media::LegTransport::Heard onDatagram(const Endpoint& source, Bytes datagram);

 private:
  MediaPath(net::Loop& loop, DtlsSettings settings, Events events);
  struct Early {  // a client's hello may be faster than the answer that announces it (RFC 5763 6.7)
    Endpoint source;
    std::vector<std::uint8_t> datagram;
  };
  crypto::DtlsSessionSettings settingsFor(crypto::DtlsRole role) const;
  void follow();
  void fail(const Error& error);

  net::Loop& loop_;
  const DtlsSettings settings_;
  Events events_;
  media::LegTransport transport_;
  std::deque<Early> early_;                        // the latest kMostEarly, until there is an agreement
  std::optional<sdp::DtlsAgreement> association_;  // that the transport works at, or has
  unsigned generation_ = 0;                        // of the keys that were told
  TimePoint due_{};                                // when there must be keys
  bool failed_ = false;
  net::TimerHandle timer_;
};

}  // namespace sallyport::phone
