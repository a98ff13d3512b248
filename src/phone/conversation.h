// SPDX-License-Identifier: Apache-2.0
#pragma once
// One call with its media, as the user of a Phone holds it: ring, answer, hold, hang up, look at the
// figures. Owned by the Phone; good until onEnded() returns.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/tls_dialer.h"
#include "phone/call.h"
#include "phone/media_session.h"

namespace sallyport::phone {

class Phone;

struct DialPlan {
  Endpoint via;
  std::string server_name;  // SNI; empty: the expected identity, where it is a DNS name
  std::string request_uri;
};

// What is left of a call when it is over.
struct CallReport {
  CallEnd end;
  bool answered = false;
  std::chrono::milliseconds talked{};
  std::string call_id, peer_uri;
  std::string tls_version, tls_suite, tls_peer;  // of the connection it was set up on; empty: none
  MediaFigures media;
};

class Conversation {
 public:
  enum class Role : std::uint8_t { caller, callee };
  Conversation(Phone& phone, Role role) : phone_(phone), role_(role) {}

  Role role() const { return role_; }
  std::string callId() const { return call_ != nullptr ? call_->callId() : std::string{}; }
  std::string peerUri() const { return call_ != nullptr ? call_->peerUri() : target_; }
  bool isAnswered() const { return answered_at_.has_value(); }
  MediaFigures figures() const { return media_ ? media_->figures() : last_figures_; }

  void ring();
  // Error: why the offer cannot be accepted, or no media port; the call has been refused and is over. Where a STUN
  // server has to be waited for, that comes as PhoneObserver::onNotAnswered().
  Status answer();
  void reject(int status);
  // Errors: those of Call::offerDirection().
  Status hold();
  Status resume();
  void hangUp();
  // Errors: those of MediaSession::sendDigits().
  Status sendDigits(std::string_view keys);
  // What the two people found when they compared what ZRTP shows. Something different ends the call:
  // "phone.zrtp.sas_differs".
  void setSas(MediaSession::Comparison comparison);

 private:
  friend class Phone;

  Phone& phone_;
  const Role role_;
  std::string target_;
  std::optional<DialPlan> plan_;     // of a call we placed: where to connect, and to connect again
  std::unique_ptr<net::Dial> dial_;  // under way
  net::TimerHandle redial_;
  Call* call_ = nullptr;
  IpAddress local_;
  std::shared_ptr<const crypto::DtlsCertificate> certificate_;  // where keys may come from DTLS
  std::unique_ptr<MediaSession> media_;
  MediaFigures last_figures_;
  std::optional<Error> media_error_;
  std::optional<TimePoint> answered_at_;
  std::string tls_version_, tls_suite_, tls_peer_;
  bool ended_ = false;
};

}  // namespace sallyport::phone
