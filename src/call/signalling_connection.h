// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection of a signalling plane and the bytes on it: cut into messages, kept alive, given up when it makes no
// sense; a stream, or a WebSocket. Internal to signalling_plane*.cpp; owned by its plane, on that worker's thread.

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "call/signalling_plane.h"
#include "net/websocket.h"

namespace sallyport::call {

inline constexpr unsigned kWorkerShift = 48;  // FlowId: worker in the upper 16 bits, a count below
inline unsigned workerOf(sip::FlowId flow) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(flow) >> kWorkerShift);
}

class SignallingPlane::Connection : public net::TlsHandler {
 public:
  Connection(SignallingPlane& plane, sip::FlowId id, std::unique_ptr<net::TlsConnection> tls,
             std::shared_ptr<const FlowFacts> facts)
      : plane_(plane), id_(id), tls_(std::move(tls)), facts_(std::move(facts)) {
    since_ = heard_ = plane_.parts_.loop.now();
  }

  virtual void send(std::string_view message) = 0;  // a refusal ends the connection, which we then hear of
  virtual void close(Error reason) { tls_->close(std::move(reason)); }
  void keepOpen() { tls_->keepOpen(); }
  virtual void keepAlive(TimePoint now) = 0;
  virtual std::string_view unread() const { return {}; }  // what its framing choked on

  sip::FlowId id() const { return id_; }
  bool open() const { return tls_->open(); }
  const net::TlsConnection& tls() const { return *tls_; }
  const std::shared_ptr<const FlowFacts>& facts() const { return facts_; }
  void learn(std::shared_ptr<const FlowFacts> facts) { facts_ = std::move(facts); }
  TimePoint since() const { return since_; }
  bool tooManyMalformed() { return ++malformed_ > kMalformedLimit; }

 protected:
  static constexpr auto kMessageLimit = std::chrono::seconds{10};  // from the first byte of a message to its last
  static constexpr auto kPingInterval = std::chrono::seconds{30};  // RFC 5626 4.4.1 allows up to 120 s
  static constexpr auto kPongLimit = std::chrono::seconds{10};
  enum class Owes : std::uint8_t { nothing, restOfMessage };

  void onClosed(const Error& reason) override { plane_.onGone(id_, reason); }
  void heard() {
    heard_ = plane_.parts_.loop.now();
    pinged_ = false;
  }
  void expect(Owes owes) {
    if (owes == Owes::restOfMessage) {
      tls_->messageBegun(kMessageLimit);
    } else {
      tls_->messageComplete();
    }
  }
  bool isSilent(TimePoint now) const { return pinged_ && now - pinged_at_ > kPongLimit; }
  // Whether it is time for a ping, which is then said to have been sent.
  bool pingDue(TimePoint now) {
    if (now - (pinged_ ? pinged_at_ : heard_) < kPingInterval) return false;
    pinged_ = true;
    pinged_at_ = now;
    return true;
  }
  void giveUp() { close(Error{ErrorKind::unavailable, "net.keepalive.timeout", "no answer to a ping"}); }
  net::TlsConnection& bytes() { return *tls_; }
  SignallingPlane& plane() { return plane_; }

 private:
  static constexpr unsigned kMalformedLimit = 20;  // unreadable messages before it is given up

  SignallingPlane& plane_;
  const sip::FlowId id_;
  std::unique_ptr<net::TlsConnection> tls_;
  std::shared_ptr<const FlowFacts> facts_;
  TimePoint since_{}, heard_{}, pinged_at_{};
  bool pinged_ = false;  // since it was last heard
  unsigned malformed_ = 0;
};

// SIP as it stands in a stream, over TLS or plain (RFC 3261 18.3, RFC 5626 3.5.1).
class SignallingPlane::StreamConnection final : public Connection {
 public:
  StreamConnection(SignallingPlane& plane, sip::FlowId id, std::unique_ptr<net::TlsConnection> tls,
                   std::shared_ptr<const FlowFacts> facts);

  void send(std::string_view message) override { (void)bytes().send(message); }
  void keepAlive(TimePoint now) override;
  std::string_view unread() const override { return framer_.pending(); }

 private:
  void onBytes(std::string_view bytes) override;

  sip::StreamFramer framer_;
  bool answers_pings_ = false;  // has done so before
};

// SIP in the messages of a WebSocket, one in each (RFC 7118 5).
class SignallingPlane::WebConnection final : public Connection {
 public:
  WebConnection(SignallingPlane& plane, sip::FlowId id, std::unique_ptr<net::TlsConnection> tls,
                std::shared_ptr<const FlowFacts> facts);

  void send(std::string_view message) override { (void)bytes().send(net::webSocketMessage(message)); }
  void close(Error reason) override;
  void keepAlive(TimePoint now) override;
  // What came behind the upgrade; once, before anything else.
  void begin(std::string_view input);

 private:
  void onBytes(std::string_view bytes) override;
  void onEvent(net::WebSocketReader::Event event);

  net::WebSocketReader reader_;
};

}  // namespace sallyport::call
