// SPDX-License-Identifier: Apache-2.0
#include "phone/sip_link.h"

#include "sip/message_writer.h"

namespace sallyport::phone {
namespace {

using namespace std::chrono_literals;

constexpr auto kPingEvery = 90s;  // RFC 5626 4.4.1 allows 95-120 s for connections; NATs forget sooner
constexpr auto kMessageDeadline = 10s;

}  // namespace

SipLink::SipLink(net::Loop& loop, std::unique_ptr<net::TlsConnection> connection, sip::FlowId flow, Events& events)
    : loop_(loop), connection_(std::move(connection)), flow_(flow), events_(events) {
  connection_->setHandler(*this);
  ping_timer_ = loop_.schedule(kPingEvery, [this] { ping(); });
}

SipLink::~SipLink() = default;

// A connection that takes no more says so by onClosed().
void SipLink::send(std::string_view bytes) { (void)connection_->send(bytes); }

void SipLink::close() { connection_->close(Error{ErrorKind::unavailable, "phone.link.closed", "we are done"}); }

void SipLink::ping() {
  send("\r\n\r\n");
  ping_timer_ = loop_.schedule(kPingEvery, [this] { ping(); });
}

void SipLink::onBytes(std::string_view bytes) {
  if (failed_) return;
  framer_.append(bytes);
  for (;;) {
    auto event = framer_.next();
    if (!event) return fail(event.error(), framer_.pending());
    if (std::holds_alternative<sip::StreamFramer::NeedMore>(*event)) break;
    if (std::holds_alternative<sip::StreamFramer::Ping>(*event)) send("\r\n");
    if (auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event)) onFrame(std::move(frame->bytes));
    if (failed_) return;
  }
  if (framer_.inMessage()) {
    connection_->messageBegun(kMessageDeadline);
  } else {
    connection_->messageComplete();
  }
}

void SipLink::onFrame(std::string frame) {
  auto message = sip::Message::parse(frame);
  if (message) return events_.onMessage(flow_, std::move(*message));
  // The framing held, so the stream is still in step: this message alone is refused.
  if (const auto refusal = sip::salvageResponse(frame, 400, sip::reasonPhrase(400))) send(*refusal);
}

void SipLink::fail(const Error& error, std::string_view choked_on) {
  failed_ = true;
  if (const auto refusal = sip::salvageResponse(choked_on, 400, sip::reasonPhrase(400))) send(*refusal);
  connection_->close(error);
}

void SipLink::onClosed(const Error& reason) {
  ping_timer_.cancel();
  events_.onLinkClosed(flow_, reason);
}

}  // namespace sallyport::phone
