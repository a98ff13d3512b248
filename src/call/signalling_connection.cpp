// SPDX-License-Identifier: Apache-2.0
#include "call/signalling_connection.h"

namespace sallyport::call {
namespace {

constexpr std::string_view kPing = "\r\n\r\n", kPong = "\r\n";  // RFC 5626 3.5.1

}  // namespace

// --- a stream --------------------------------------------------------------------------------------------------

SignallingPlane::StreamConnection::StreamConnection(SignallingPlane& plane, sip::FlowId id,
                                                    std::unique_ptr<net::TlsConnection> tls,
                                                    std::shared_ptr<const FlowFacts> facts)
    : Connection(plane, id, std::move(tls), std::move(facts)), framer_(plane.parts_.limits) {
  bytes().setHandler(*this);
}

void SignallingPlane::StreamConnection::onBytes(std::string_view input) {
  heard();
  framer_.append(input);
  while (open()) {
    auto event = framer_.next();
    if (!event) return plane().onStreamFailed(*this, event.error());
    if (auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event)) {
      plane().onMessage(*this, std::move(frame->bytes));
    } else if (std::holds_alternative<sip::StreamFramer::Ping>(*event)) {
      send(kPong);
    } else if (std::holds_alternative<sip::StreamFramer::Pong>(*event)) {
      answers_pings_ = true;
    } else if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) {
      break;
    }
  }
  expect(framer_.inMessage() ? Owes::restOfMessage : Owes::nothing);
}

// RFC 5626 4.4.1: a ping is the client's to send, and on a connection that came to us that is the other side. What
// keeps a NAT's binding then is the end of a line, which is ignored before a message (RFC 3261 7.5); whether somebody
// is there, TCP finds out.
//
// On one that we made: a connection that answered pings and does so no more is dead, whatever TCP believes. Most trunks
// never answer one: to them a ping is no more than a sign of life to what stands between.
void SignallingPlane::StreamConnection::keepAlive(TimePoint now) {
  const bool made = facts()->listener.empty();
  if (made && answers_pings_ && isSilent(now)) return giveUp();
  if (pingDue(now)) send(made ? kPing : kPong);
}

// --- a WebSocket -----------------------------------------------------------------------------------------------

SignallingPlane::WebConnection::WebConnection(SignallingPlane& plane, sip::FlowId id,
                                              std::unique_ptr<net::TlsConnection> tls,
                                              std::shared_ptr<const FlowFacts> facts)
    : Connection(plane, id, std::move(tls), std::move(facts)), reader_(plane.parts_.limits.max_bytes) {
  bytes().setHandler(*this);
}

void SignallingPlane::WebConnection::begin(std::string_view input) {
  if (!input.empty()) onBytes(input);
}

void SignallingPlane::WebConnection::onBytes(std::string_view input) {
  heard();
  reader_.append(input);
  while (open()) {
    auto event = reader_.next();
    if (!event) return plane().onStreamFailed(*this, event.error());
    if (std::holds_alternative<net::WebSocketReader::NeedMore>(*event)) break;
    onEvent(*std::move(event));
  }
  expect(reader_.inMessage() ? Owes::restOfMessage : Owes::nothing);
}

void SignallingPlane::WebConnection::onEvent(net::WebSocketReader::Event event) {
  if (auto* message = std::get_if<net::WebSocketReader::Message>(&event)) {
    if (message->payload == kPing) return send(kPong);  // RFC 7118 6
    if (message->payload != kPong) plane().onMessage(*this, std::move(message->payload));
  } else if (auto* ping = std::get_if<net::WebSocketReader::Ping>(&event)) {
    (void)bytes().send(net::webSocketPong(ping->payload));
  } else if (std::holds_alternative<net::WebSocketReader::Close>(event)) {
    (void)bytes().send(net::webSocketClose(net::WebSocketClose::normal));
    bytes().close(Error{ErrorKind::unavailable, "net.websocket.closed", "the client said goodbye"});
  }
}

// RFC 6455 7.1.2: the reason first, then the end of TLS.
void SignallingPlane::WebConnection::close(Error reason) {
  if (!open()) return;
  (void)bytes().send(net::webSocketClose(net::closeCodeFor(reason)));
  bytes().close(std::move(reason));
}

// Every WebSocket answers a ping (RFC 6455 5.5.2).
void SignallingPlane::WebConnection::keepAlive(TimePoint now) {
  if (isSilent(now)) return giveUp();
  if (pingDue(now)) (void)bytes().send(net::webSocketPing());
}

}  // namespace sallyport::call
