// SPDX-License-Identifier: Apache-2.0
#include "load/caller.h"

#include "crypto/random.h"
#include "sip/message_writer.h"

namespace sallyport::load {

struct Caller::Call {
  std::string id;  // Call-ID
  SipLink* link = nullptr;
  TimePoint invited;
  std::uint32_t end = 0;  // of the media
  CallAudio audio;
  std::optional<sip::Dialog> dialog;  // once answered
};

Caller::Caller(net::Loop& loop, const Options& options, TlsSide side, MediaEnds* media)
    : loop_(loop), options_(options), side_(std::move(side)), media_(media) {}
Caller::~Caller() = default;

void Caller::connect(std::function<void(Status)> ready) {
  ready_ = std::move(ready);
  connectNext();
}

void Caller::connectNext() {
  dial_ = dialServer(loop_, options_, side_, [this](Result<std::unique_ptr<net::TlsConnection>> connection) {
    if (!connection) return ready_(std::move(connection).error());
    links_.push_back(std::make_unique<SipLink>(*std::move(connection), *this));
    if (links_.size() == options_.connections) return ready_(success());
    // The dial that is calling us goes when no callback of it is running.
    loop_.retire(std::move(dial_));
    connectNext();
  });
}

void Caller::place() {
  Endpoint rtp{options_.answer.address, 40'000};
  std::uint32_t end = 0;
  if (media_ != nullptr) {
    auto opened = media_->open();
    if (!opened) return void(++figures_.failures[opened.error().code]);
    end = *opened;
    rtp = media_->local(end);
  }
  SipLink& link = *links_[next_ % links_.size()];
  auto call = std::make_unique<Call>(Call{std::to_string(next_) + "-" + crypto::randomToken(16) + "@load.test",
                                          &link,
                                          {},
                                          end,
                                          CallAudio{rtp, options_.suite},
                                          {}});
  ++next_;
  sip::MessageWriter writer;
  writer.request("INVITE", requestUri())
      .header(sip::HeaderId::via, link.via())
      .header(sip::HeaderId::maxForwards, 70)
      .header(sip::HeaderId::from, "<sip:caller@" + options_.domain + ">;tag=" + crypto::randomToken(10))
      .header(sip::HeaderId::to, "<" + requestUri() + ">")
      .header(sip::HeaderId::callId, call->id)
      .header(sip::HeaderId::cseq, "1 INVITE")
      .header(sip::HeaderId::contact, "<sip:caller@" + link.local().toString() + ";transport=tls>")
      .header(sip::HeaderId::allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE")
      .header(sip::HeaderId::supported, "timer, replaces")
      .header(sip::HeaderId::userAgent, "bench_load");
  ++figures_.placed;
  call->invited = loop_.clock().steady();
  link.send(writer.finish("application/sdp", call->audio.offer()));
  const auto& id = call->id;
  calls_.emplace(id, std::move(call));
}

void Caller::onMessage(SipLink& link, sip::Message message) {
  if (message.isRequest()) {  // the server's own BYE or OPTIONS
    if (message.method() != sip::Method::ack) link.send(sip::responseTo(message, 200, {}, "c").finish());
    if (message.method() == sip::Method::bye) fail(std::string{message.callId()}, "ended by the server");
    return;
  }
  const auto found = calls_.find(std::string{message.callId()});
  if (found == calls_.end() || !message.isFinal()) return;
  if (message.method() == sip::Method::invite) return onInviteResponse(*found->second, message);
  if (message.method() != sip::Method::bye) return;
  if (!message.isSuccess()) return fail(found->first, "BYE " + std::to_string(message.status()));
  ++figures_.completed;
  calls_.erase(found);
}

void Caller::onInviteResponse(Call& call, const sip::Message& response) {
  // The ACK of a refusal needs the INVITE's branch; a refused call counts as failed and is let go.
  if (!response.isSuccess()) return fail(call.id, "INVITE " + std::to_string(response.status()));
  figures_.setup.add(loop_.clock().steady() - call.invited);
  ++figures_.answered;
  auto dialog = sip::Dialog::fromResponse(response, requestUri());
  const auto agreed = call.audio.accept(response.body());
  if (!dialog || !agreed) return fail(call.id, dialog ? agreed.error().code : dialog.error().code);
  call.dialog = *std::move(dialog);
  sip::MessageWriter ack;
  call.dialog->startAck(ack, response.cseq(), call.link->via());
  call.link->send(ack.finish());
  if (media_ == nullptr) return hangUp(call);
  if (const auto connected = media_->connect(call.end, agreed->remote, agreed->send, agreed->receive); !connected) {
    fail(call.id, connected.error().code);
  }
}

void Caller::hangUp(Call& call) {
  sip::MessageWriter bye;
  call.dialog->startRequest(bye, "BYE", call.link->via());
  call.link->send(bye.finish());
}

void Caller::hangUpAll() {
  for (auto& [id, call] : calls_) {
    if (call->dialog) hangUp(*call);
  }
}

void Caller::fail(const std::string& call_id, const std::string& why) {
  const std::string id = call_id;  // may be the call's own
  if (calls_.erase(id) > 0) ++figures_.failures[why];
}

void Caller::onLinkClosed(SipLink& link, const Error& reason) {
  std::vector<std::string> lost;
  for (const auto& [id, call] : calls_) {
    if (call->link == &link) lost.push_back(id);
  }
  for (const auto& id : lost) fail(id, describe(reason));
}

}  // namespace sallyport::load
