// SPDX-License-Identifier: Apache-2.0
#include "load/callee.h"

#include <algorithm>

#include "crypto/random.h"
#include "load/call_audio.h"
#include "sip/message_writer.h"

namespace sallyport::load {

Callee::Callee(net::Loop& loop, const Options& options, TlsSide side, MediaEnds* media)
    : loop_(loop), options_(options), side_(std::move(side)), media_(media) {}

Status Callee::listen() {
  net::TlsListenerLimits limits;
  limits.half_open = {.total = 1'000, .per_source = 1'000, .per_source_rate = 10'000};
  SP_ASSIGN(listener_,
            net::TlsListener::listen(loop_, options_.answer, net::PortSharing::exclusive, side_.server, limits, *this));
  return listener_->start();
}

void Callee::onConnection(std::unique_ptr<net::TlsConnection> connection) {
  links_.push_back(std::make_unique<SipLink>(std::move(connection), *this));
}

void Callee::onRefused(const Endpoint&, const Error& reason) { trouble_ = describe(reason); }
void Callee::onHandshakeFailed(const Endpoint&, const Error& reason) { trouble_ = describe(reason); }

void Callee::onLinkClosed(SipLink& link, const Error&) {
  const auto it = std::find_if(links_.begin(), links_.end(), [&](const auto& l) { return l.get() == &link; });
  if (it == links_.end()) return;
  loop_.retire(std::move(*it));
  links_.erase(it);
}

void Callee::onMessage(SipLink& link, sip::Message message) {
  if (!message.isRequest() || message.method() == sip::Method::ack) return;
  if (message.method() == sip::Method::invite) return onInvite(link, message);
  link.send(sip::responseTo(message, 200, {}, crypto::randomToken(8)).finish());
}

void Callee::onInvite(SipLink& link, const sip::Message& invite) {
  const auto tag = crypto::randomToken(10);
  const std::string contact = "<sip:callee@" + options_.answer.toString() + ";transport=tls>";
  const auto respond = [&](int status, std::string_view type, std::string_view body) {
    link.send(sip::responseTo(invite, status, {}, tag)
                  .copy(invite, sip::HeaderId::recordRoute)
                  .header(sip::HeaderId::contact, contact)
                  .header(sip::HeaderId::allow, "INVITE, ACK, CANCEL, BYE, OPTIONS")
                  .finish(type, body));
  };
  const auto answer = answerTo(invite);
  if (!answer) {
    trouble_ = describe(answer.error());
    return respond(488, {}, {});
  }
  respond(180, {}, {});
  respond(200, "application/sdp", *answer);
}

Result<std::string> Callee::answerTo(const sip::Message& invite) {
  Endpoint rtp{options_.answer.address, 40'002};
  std::uint32_t end = 0;
  if (media_ != nullptr) {
    SP_ASSIGN(end, media_->open());
    rtp = media_->local(end);
  }
  CallAudio audio{rtp, options_.suite};
  SP_ASSIGN(const auto answered, audio.answer(invite.body()));
  if (media_ != nullptr) {
    SP_TRY(media_->connect(end, answered.audio.remote, answered.audio.send, answered.audio.receive));
  }
  return answered.body;
}

}  // namespace sallyport::load
