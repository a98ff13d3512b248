// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection of a signalling plane and the bytes on it: cut into messages, kept alive, given up when it makes no
// sense. Internal to signalling_plane*.cpp; owned by its plane, on that worker's thread.

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "call/signalling_plane.h"

namespace sallyport::call {

inline constexpr unsigned kWorkerShift = 48;  // FlowId: worker in the upper 16 bits, a count below
inline unsigned workerOf(sip::FlowId flow) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(flow) >> kWorkerShift);
}

class SignallingPlane::Connection final : public net::TlsHandler {
 public:
  Connection(SignallingPlane& plane, sip::FlowId id, std::unique_ptr<net::TlsConnection> tls,
             std::shared_ptr<const FlowFacts> facts)
      : plane_(plane), id_(id), tls_(std::move(tls)), facts_(std::move(facts)), framer_(plane.parts_.limits) {
    since_ = heard_ = plane_.parts_.loop.now();
    tls_->setHandler(*this);
  }

  void onBytes(std::string_view bytes) override {
    heard_ = plane_.parts_.loop.now();
    pinged_ = false;
    framer_.append(bytes);
    while (tls_->open()) {
      auto event = framer_.next();
      if (!event) return plane_.onStreamFailed(*this, event.error());
      if (auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event)) {
        plane_.onMessage(*this, std::move(frame->bytes));
      } else if (std::holds_alternative<sip::StreamFramer::Ping>(*event)) {
        (void)tls_->send("\r\n");
      } else if (std::holds_alternative<sip::StreamFramer::Pong>(*event)) {
        answers_pings_ = true;
      } else if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) {
        break;
      }
    }
    if (framer_.inMessage()) {
      tls_->messageBegun(kMessageLimit);
    } else {
      tls_->messageComplete();
    }
  }
  void onClosed(const Error& reason) override { plane_.onGone(id_, reason); }

  // RFC 5626 4.4.1: a connection that answered pings and does so no more is dead, whatever TCP believes. Most trunks
  // never answer one: to them a ping is no more than a sign of life to what stands between.
  void keepAlive(TimePoint now) {
    if (pinged_ && answers_pings_ && now - pinged_at_ > kPongLimit) {
      return tls_->close(Error{ErrorKind::unavailable, "net.keepalive.timeout", "no answer to a ping"});
    }
    if (now - (pinged_ ? pinged_at_ : heard_) < kPingInterval) return;
    pinged_ = true;
    pinged_at_ = now;
    (void)tls_->send("\r\n\r\n");
  }

  sip::FlowId id() const { return id_; }
  net::TlsConnection& tls() { return *tls_; }
  const net::TlsConnection& tls() const { return *tls_; }
  const std::shared_ptr<const FlowFacts>& facts() const { return facts_; }
  void learn(std::shared_ptr<const FlowFacts> facts) { facts_ = std::move(facts); }
  TimePoint since() const { return since_; }
  std::string_view unread() const { return framer_.pending(); }
  bool tooManyMalformed() { return ++malformed_ > kMalformedLimit; }

 private:
  static constexpr unsigned kMalformedLimit = 20;                  // unreadable messages before it is given up
  static constexpr auto kMessageLimit = std::chrono::seconds{10};  // from the first byte of a message to its last
  static constexpr auto kPingInterval = std::chrono::seconds{30};  // RFC 5626 4.4.1 allows up to 120 s
  static constexpr auto kPongLimit = std::chrono::seconds{10};

  SignallingPlane& plane_;
  const sip::FlowId id_;
  std::unique_ptr<net::TlsConnection> tls_;
  std::shared_ptr<const FlowFacts> facts_;
  sip::StreamFramer framer_;
  TimePoint since_{}, heard_{}, pinged_at_{};
  bool pinged_ = false;         // since it was last heard
  bool answers_pings_ = false;  // has done so before
  unsigned malformed_ = 0;
};

}  // namespace sallyport::call
